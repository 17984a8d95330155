package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/indexer"
)

// until polls a command's output.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("waited for %s", what)
		}
	}
}

func (w *world) overview() indexer.Overview {
	w.Helper()
	return decode[indexer.Overview](w.T, w.ok("status", "docs", "--json"))
}

func TestStatusWithoutAServer(t *testing.T) {
	w := newWorld(t)
	if out := w.ok("status"); out != "" {
		t.Errorf("before anything was indexed: %q", out)
	}
	w.fails([]string{"never indexed"}, "status", "docs")
	w.write("empty.txt", " ")
	if r := w.perk("index", "--folder", w.docs); r.status != statusFailed {
		t.Errorf("%+v", r)
	}
	w.write("mary.txt", "Mary went to the garden.")
	w.write("new.txt", "Sandra went to the office.")
	if o := w.overview(); o.Documents != 4 || o.Ready != 2 || o.Failed != 1 || o.Pending != 1 || o.Last.Encoded != 0 {
		t.Errorf("%+v", o)
	}
	for name, want := range map[string]indexer.State{"john.txt": indexer.Ready, "mary.txt": indexer.Stale, "new.txt": indexer.Pending, "empty.txt": indexer.Failed} {
		if s := decode[indexer.Standing](t, w.ok("status", "docs/"+name, "--json")); s.State != want {
			t.Errorf("%s is %s, want %s", name, s.State, want)
		}
	}
	if out := w.ok("status", "--failed"); !strings.Contains(out, "docs/empty.txt") || !strings.Contains(out, "the document is empty") {
		t.Error(out)
	}
	if out := w.ok("status"); !strings.Contains(out, "perk status --failed docs") || !strings.Contains(out, "4") {
		t.Error(out)
	}
	w.fails([]string{"no such file"}, "status", "docs/gone.txt")
}

// TestServerIsSteered pauses, resumes and retries a running server from beside it.
func TestServerIsSteered(t *testing.T) {
	w := newWorld(t)
	w.write("empty.txt", "")
	s := w.serve("--interval", "50ms")
	w.until("the first pass", func() bool { o := w.overview(); return o.Ready == 2 && o.Failed == 1 })
	resp, err := http.Get(s.endpoint + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	figures, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if want := `perk_documents{collection="docs",state="ready"} 2`; err != nil || !strings.Contains(string(figures), want) {
		t.Errorf("%v: no %s in\n%s", err, want, figures)
	}
	w.ok("pause")
	time.Sleep(2 * time.Second) // the server looks once a second
	w.write("new.txt", "Sandra went to the office.")
	time.Sleep(time.Second)
	if o := w.overview(); !o.Paused || o.Ready != 2 || o.Documents != 4 {
		t.Errorf("while it is paused: %+v", o)
	}
	w.ok("resume", "docs")
	w.until("the new document", func() bool { o := w.overview(); return o.Ready == 3 && !o.Paused })
	if out := w.ok("retry", "docs"); !strings.Contains(out, "tries 1 failed") {
		t.Error(out)
	}
	w.until("another attempt", func() bool {
		return decode[indexer.Failure](t, w.ok("status", "--failed", "--json")).Attempts > 1
	})
	s.stop()
}

// TestDeletedDocumentLeavesNoBytes looks for an adapter's payload in every file of the store.
func TestDeletedDocumentLeavesNoBytes(t *testing.T) {
	w := newWorld(t)
	s := w.serve("--interval", "50ms")
	w.until("both documents", func() bool { return w.overview().Ready == 2 })
	file := filepath.Join(t.TempDir(), "payload")
	w.ok("adapter", "export", "docs/john.txt", "--out", file)
	payload, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := payload[len(payload)-64:]
	found := func() bool {
		n := 0
		err := filepath.WalkDir(filepath.Join(w.data, "adapters"), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // files come and go
			}
			b, err := os.ReadFile(path)
			if err == nil && bytes.Contains(b, part) {
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	if !found() {
		t.Fatal("the payload is in no file while the document is there")
	}
	if err := os.Remove(filepath.Join(w.docs, "john.txt")); err != nil {
		t.Fatal(err)
	}
	w.fails([]string{"no document"}, "ask", "docs/john.txt", "Where is John?") // at once
	w.until("the bytes to go", func() bool { return !found() })
	if o := w.overview(); o.Ready != 1 {
		t.Errorf("%+v", o)
	}
	s.stop()
}
