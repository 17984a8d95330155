package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/weaviate/server"
)

// TestKills kills the plugin, the sidecar and Weaviate at random moments, while documents are written, deleted, encoded and asked about. The sidecar and
// Weaviate are started again as an operating system does; nothing else helps them.
func TestKills(t *testing.T) {
	node, a, p := startSoak(t)
	defer func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	}()
	var log bytes.Buffer
	start := func() *exec.Cmd {
		cmd := exec.Command(p.path, append([]string{"serve", "--weaviate", p.weaviate, "--data", p.data, "--listen", p.listen}, soakFlags...)...)
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	serving := start()
	defer func() {
		_ = serving.Process.Kill()
		_ = serving.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	answers := func() bool {
		_, err := send(t.Context(), http.MethodGet, "http://"+p.listen+"/api/version", "")
		return err == nil
	}
	eventually(t, time.Minute, "the endpoint", answers)

	n := &tally{other: map[string]int{}}
	var life sync.WaitGroup
	over := make(chan struct{})
	life.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				a.life(t, "http://"+p.listen, n, 5*time.Second)
			}
		}
	})
	rest := func() { time.Sleep(time.Duration(a.random(3000)) * time.Millisecond) }
	for range *soakKills {
		rest()
		old := child(t, serving.Process.Pid)
		kill(t, old)
		eventually(t, time.Minute, "a new plugin", func() bool { now := child(t, serving.Process.Pid); return now != 0 && now != old })

		rest()
		plugin := child(t, serving.Process.Pid)
		if err := serving.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = serving.Wait()
		eventually(t, time.Minute, "the orphan to end", func() bool { return gone(plugin) })
		serving = start()
		eventually(t, time.Minute, "the endpoint", answers)

		rest()
		node.Kill()
		again, err := server.Start(t.Context(), node.Config)
		if err != nil {
			t.Fatal(err)
		}
		node = again
	}
	close(over)
	life.Wait()
	t.Logf("3 x %d kills; questions: %d answered from the present text, %d from another one, others %v", *soakKills, n.ok, n.wrong, n.other)
	if n.wrong > 0 {
		t.Errorf("%d answers were not of a present text", n.wrong)
	}
	a.atRest(t, p)
	if out, err := p.run(t, "adapter", "verify"); err != nil || !strings.Contains(string(out), " 0 damaged") {
		t.Errorf("%s, %v", out, err)
	}
}

func (a *archive) random(n int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rng.IntN(n)
}

func kill(t *testing.T, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// gone reports whether a process has ended.
func gone(pid int) bool {
	_, err := os.Stat(fmt.Sprint("/proc/", pid))
	return err != nil
}
