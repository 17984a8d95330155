package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/weaviate/server"
)

var kills = flag.Int("kill.rounds", 2, "how often plugin and server are each killed")

// pluginPID is the process id of the plugin, 0 while it is away.
func (n *node) pluginPID(t testing.TB) int {
	t.Helper()
	status, text := n.call(t, http.MethodGet, "/v1/modules/perk/status", "")
	var body struct{ Plugin *struct{ PID int } }
	if status != http.StatusOK || json.Unmarshal([]byte(text), &body) != nil || body.Plugin == nil {
		return 0
	}
	return body.Plugin.PID
}

// plugins counts the processes that serve a data directory.
func plugins(t testing.TB, home string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, path := range lines {
		text, err := os.ReadFile(path)
		args := strings.Split(string(text), "\x00")
		if err == nil && len(args) > 3 && args[1] == "plugin" && args[3] == home {
			count++
		}
	}
	return count
}

// load writes and asks until stop, and counts what it sees. It rewrites every other story, faster than any encoder follows; the others' adapters answer
// whenever there is a plugin to ask.
type load struct {
	stories []*story // of the one who writes, once it has begun
	stop    atomic.Bool
	answers atomic.Int64
}

func (l *load) run(t *testing.T, n func() *node, draw *library) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := 0; !l.stop.Load(); round++ {
		at := 2 * rng.IntN(len(l.stories)/2)
		s := draw.draw(t, at, "", l.stories[at].place)
		l.stories[at] = s
		r, err := http.NewRequest(http.MethodPut, n().Endpoint()+"/v1/objects/Story/"+s.uuid, strings.NewReader(s.object("Story")))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(r); err == nil { // the server may be away
			resp.Body.Close()
		}
		body := fmt.Sprintf(`{"query":%q}`, fmt.Sprintf(`{Get{Story(limit:20){content _additional{id %s}}}}`, perkField(where)))
		resp, err := http.Post(n().Endpoint()+"/v1/graphql", "application/json", strings.NewReader(body))
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		var out struct {
			Data struct {
				Get map[string][]struct {
					hit
					Content string
				}
			}
		}
		err = json.NewDecoder(resp.Body).Decode(&out)
		resp.Body.Close()
		for _, h := range out.Data.Get["Story"] {
			if err == nil && h.Additional.Perk.State == "ready" {
				l.answers.Add(1)
				for _, f := range h.Additional.Perk.Support { // what was recalled stands in the very text that the hit shows
					if f.Start != nil && !strings.Contains(h.Content[*f.Start:*f.End], strings.Fields(f.Text)[0]) {
						t.Errorf("%q is not at %d of the hit's text", f.Text, *f.Start)
					}
				}
			}
		}
	}
}

// TestKilled kills the plugin and the server in turn while somebody writes and asks. Both come back unaided, nothing is lost, and no process is left.
func TestKilled(t *testing.T) {
	home := shortDir(t)
	n := start(t, server.Config{}, home)
	n.must(t, http.MethodPost, "/v1/schema", class, nil)
	draw := newLibrary(23)
	l := &load{}
	for i := range 8 {
		l.stories = append(l.stories, draw.draw(t, i, "", ""))
	}
	n.put(t, "Story", l.stories...)
	var current atomic.Pointer[node]
	current.Store(n)
	var working sync.WaitGroup
	working.Go(func() { l.run(t, current.Load, draw) })
	stop := sync.OnceFunc(func() {
		l.stop.Store(true)
		working.Wait()
	})
	t.Cleanup(stop)
	rng := rand.New(rand.NewPCG(5, 6))
	answered := func() {
		seen := l.answers.Load()
		eventually(t, time.Minute, "answers", func() bool { return l.answers.Load() > seen })
	}
	answered()
	pause := func() { time.Sleep(time.Duration(rng.IntN(1500)) * time.Millisecond) }
	for range *kills {
		pause()
		before := n.pluginPID(t)
		if before == 0 || syscall.Kill(before, syscall.SIGKILL) != nil {
			t.Fatalf("plugin %d cannot be killed", before)
		}
		eventually(t, 30*time.Second, "a new plugin", func() bool { pid := n.pluginPID(t); return pid != 0 && pid != before })
		pause()
		if err := syscall.Kill(n.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		n = start(t, n.Config, home) // the old plugin may still be there and hold the adapters
		current.Store(n)
		eventually(t, 30*time.Second, "one plugin again", func() bool { pid := n.pluginPID(t); return pid != 0 && pid != before && plugins(t, home) == 1 })
		answered()
	}
	stop()
	t.Logf("%d answers meanwhile", l.answers.Load())
	eventually(t, time.Minute, "all ready", func() bool {
		hits, _ := n.query(t, "Story", "limit:20", perkField(where))
		ready := 0
		for _, h := range hits {
			if h.Additional.Perk.State == "ready" {
				ready++
			}
		}
		return len(hits) == len(l.stories) && ready == len(hits) && len(n.adapters(t)) == len(hits)
	})
	if got := plugins(t, home); got != 1 {
		t.Errorf("%d plugin processes", got)
	}
}
