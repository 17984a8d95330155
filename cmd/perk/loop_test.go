package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serving is a running `perk serve`.
type serving struct {
	*world
	cmd      *exec.Cmd
	endpoint string
	log      bytes.Buffer
}

// serve starts `perk serve` as a process of its own and waits until it says that it serves.
func (w *world) serve(args ...string) *serving {
	w.Helper()
	return w.serveSource(append([]string{"--folder", w.docs}, args...)...)
}

// serveSource is serve with another source.
func (w *world) serveSource(args ...string) *serving {
	w.Helper()
	s := &serving{world: w, cmd: w.program(append([]string{"serve", "--unsigned-keys", "--listen", "127.0.0.1:0"}, args...)...)}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = s.cmd.Process.Kill() }) // of use only when the test has failed before stop
	line, err := bufio.NewReader(out).ReadString('\n')
	_, after, found := strings.Cut(line, " on ")
	if err != nil || !found {
		_ = s.cmd.Wait()
		w.Fatalf("perk serve printed %q: %v\n%s", line, err, s.log.String())
	}
	s.endpoint, _, _ = strings.Cut(after, ";")
	return s
}

// stop ends the server as an operating system does.
func (s *serving) stop() {
	s.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		s.Errorf("perk serve ended with %v\n%s", err, s.log.String())
	}
}

// generate asks the endpoint and gives status and body.
func (s *serving) generate(prompt string) (int, string) {
	s.Helper()
	body, err := json.Marshal(map[string]any{"model": "perk", "prompt": prompt, "stream": false, "options": map[string]any{"num_predict": 4}})
	if err != nil {
		s.Fatal(err)
	}
	resp, err := http.Post(s.endpoint+"/api/generate", "application/json", bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestLoop is a document's whole life with a server that indexes when it is told to.
func TestLoop(t *testing.T) {
	w := newWorld(t)
	s := w.serve("--interval", "0")
	ask := []string{"ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4"}
	const prompt = "[[perk:docs/mary.txt]] Where is Mary?"

	w.fails([]string{"not encoded yet"}, ask...)
	if status, body := s.generate(prompt); status != http.StatusServiceUnavailable || !strings.Contains(body, "pending") {
		t.Errorf("before it is indexed: %d %s", status, body)
	}
	if out := w.index(); !strings.Contains(out, "2 encoded") {
		t.Error(out)
	}
	w.ok(ask...)
	if status, body := s.generate(prompt); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}

	w.write("mary.txt", "Mary went to the garden.")
	w.fails([]string{"indexed again"}, ask...)
	if status, body := s.generate(prompt); status != http.StatusConflict || !strings.Contains(body, "stale") {
		t.Errorf("after a change: %d %s", status, body)
	}
	if out := w.index(); !strings.Contains(out, "1 encoded, 1 unchanged") {
		t.Error(out)
	}
	w.ok(ask...)

	if err := os.Remove(filepath.Join(w.docs, "mary.txt")); err != nil {
		t.Fatal(err)
	}
	w.fails([]string{"no document docs/mary.txt"}, ask...)
	if out := w.index(); !strings.Contains(out, "1 removed") {
		t.Error(out)
	}
	if out := w.ok("adapter", "ls"); strings.Contains(out, "mary") || !strings.Contains(out, "john") {
		t.Error(out)
	}
	w.fails([]string{"adapters"}, "serve", "--folder", w.docs, "--listen", "127.0.0.1:0", "--log-level", "error") // the first one has the store
	s.stop()

	if _, err := os.Stat(filepath.Join(w.data, "perk.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	w.ok("ask", "docs/john.txt", "Where is John?", "--max-tokens", "4") // without a server
	w.write("john.txt", "John went to the hallway.")
	w.fails([]string{"indexed again"}, "ask", "docs/john.txt", "Where is John?")
}

// TestServeKeepsUp lets the server index by itself.
func TestServeKeepsUp(t *testing.T) {
	w := newWorld(t)
	s := w.serve("--interval", "50ms")
	wait := func(what string, ok func(list string) bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !ok(w.ok("adapter", "ls")); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("waited for %s\n%s", what, s.log.String())
			}
		}
	}
	wait("both documents", func(list string) bool { return strings.Contains(list, "mary") && strings.Contains(list, "john") })
	w.write("new.txt", "Sandra went to the office.")
	wait("the new document", func(list string) bool { return strings.Contains(list, "docs/new.txt") })
	if err := os.Remove(filepath.Join(w.docs, "john.txt")); err != nil {
		t.Fatal(err)
	}
	wait("the removal", func(list string) bool { return !strings.Contains(list, "john") })
	s.stop()
}
