package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/weaviate/server"
)

// pairs gives n free ports, each with the next one free.
func pairs(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	var held []net.Listener
	defer func() {
		for _, ln := range held {
			ln.Close()
		}
	}()
	for len(ports) < n {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, first)
		port := first.Addr().(*net.TCPAddr).Port
		if second, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1))); err == nil {
			held, ports = append(held, second), append(ports, port)
		}
	}
	return ports
}

// TestTwoNodes has a cluster of two nodes with one data directory of perk: the first to come runs the plugin, a question to either node is answered, and when
// the plugin's node is killed the other takes over.
func TestTwoNodes(t *testing.T) {
	needServer(t)
	home := shortDir(t)
	ports := pairs(t, 4)
	gossip, raft := ports[:2], ports[2:]
	env := func(i int) []string {
		e := []string{
			fmt.Sprint("CLUSTER_HOSTNAME=node", i), fmt.Sprintf("RAFT_JOIN=node1:%d,node0:%d", raft[1], raft[0]),
			"RAFT_BOOTSTRAP_EXPECT=1", // node1 alone votes, so that it can lose node0
		}
		if i == 1 {
			e = append(e, fmt.Sprintf("CLUSTER_JOIN=127.0.0.1:%d", gossip[0]))
		}
		return e
	}
	config := func(i int) server.Config {
		return server.Config{Gossip: gossip[i], Raft: raft[i], Dir: filepath.Join(shortDir(t), "node")}
	}
	nodes := make([]*node, 2)
	first := make(chan *node, 1)
	go func() { // it is not ready before the voter is there
		defer close(first)
		first <- start(t, config(0), home, env(0)...)
	}()
	eventually(t, time.Minute, "the plugin of the first node", func() bool {
		found, err := filepath.Glob(filepath.Join(home, "perk.sock"))
		return err == nil && len(found) == 1
	})
	nodes[1] = start(t, config(1), home, env(1)...)
	if nodes[0] = <-first; nodes[0] == nil {
		t.FailNow()
	}
	hosting := func(n *node) bool { return strings.Contains(n.status(t), `"hosting":true`) }
	if !hosting(nodes[0]) || hosting(nodes[1]) || nodes[0].pluginPID(t) != nodes[1].pluginPID(t) {
		t.Fatalf("%s\n%s", nodes[0].status(t), nodes[1].status(t))
	}
	nodes[0].must(t, http.MethodPost, "/v1/schema", strings.Replace(class, `"vectorizer"`, `"replicationConfig":{"factor":2},"vectorizer"`, 1), nil)
	l := newLibrary(29)
	stories := map[string]*story{}
	for i := range 6 {
		s := l.draw(t, i, "", "")
		stories[s.uuid] = s
		nodes[i%2].put(t, "Story", s)
	}
	right := func(n *node) func() bool {
		return func() bool {
			hits, _ := n.query(t, "Story", "limit:10", perkField(where))
			count := 0
			for _, h := range hits {
				if stories[h.Additional.ID].right(h.Additional.Perk) {
					count++
				}
			}
			return count >= len(stories)-1
		}
	}
	for i, n := range nodes {
		eventually(t, time.Minute, fmt.Sprint("answered by node ", i), right(n))
	}
	if err := syscall.Kill(nodes[0].PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "taken over", func() bool { return hosting(nodes[1]) })
	eventually(t, time.Minute, "answered after the take-over", right(nodes[1]))
	if got := plugins(t, home); got != 1 {
		t.Errorf("%d plugin processes", got)
	}
}
