package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

func TestBadDocuments(t *testing.T) {
	w := newWorld(t)
	w.index()
	for name, c := range map[string]struct{ text, want string }{
		"empty text": {"", "empty"},
		"not UTF-8":  {"Mary \xff", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.perkReading(c.text, "encode", "-"); r.status != statusFailed || !strings.Contains(r.errs, c.want) {
				t.Errorf("encode: %+v", r)
			}
			w.write("bad.txt", c.text)
			r := w.perk("index", "--folder", w.docs, "--json")
			report := decode[indexer.Report](t, r.out)
			if r.status != statusFailed || report.FailedCount != 1 || report.Skipped != 2 || !report.Complete || !strings.Contains(report.Failed[0].Reason, c.want) {
				t.Errorf("index: %+v, %s", report, r.errs)
			}
			if !strings.Contains(r.errs, "mend the documents") {
				t.Errorf("index says %q", r.errs)
			}
		})
	}
	w.write("bad.txt", "a") // one token is little, but it is a text
	if out := w.index(); !strings.Contains(out, "1 encoded, 2 unchanged") {
		t.Error(out)
	}
	w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4")
}

func TestLongDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("2 MB take some seconds")
	}
	w := newWorld(t)
	w.write("long.txt", strings.Repeat("Mary went to the kitchen. ", 2<<20/26))
	w.index()
	w.ok("ask", "docs/long.txt", "Where is Mary?", "--max-tokens", "4")
	w.fails([]string{"bytes", "split the document"}, "encode", sparse(t, 65<<20))
}

// sparse makes a file of zeros that takes no room.
func sparse(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	if err == nil {
		err = f.Truncate(size)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBadQuestions(t *testing.T) {
	w := newWorld(t)
	w.index()
	w.fails([]string{"question", "window", "shorten"}, "ask", "docs/mary.txt", strings.Repeat("Where is Mary? ", 40))
	w.fails([]string{"question is empty"}, "ask", "docs/mary.txt", " ")
	w.fails([]string{"not UTF-8"}, "ask", "docs/mary.txt", "Mary \xff")
	w.fails([]string{"no document docs/nobody.txt", "adapter ls"}, "ask", "docs/nobody.txt", "Where?")
	w.fails([]string{"not encoded yet", "perk index"}, "ask", "never/indexed", "Where?")
	w.fails([]string{"is not Collection/uuid"}, "ask", "nonsense", "Where?")
	w.fails([]string{"temperature"}, "ask", "docs/mary.txt", "Where?", "--temperature", "-1")
	w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4")
}

func TestBadModels(t *testing.T) {
	w := newWorld(t)
	w.index()
	good := w.model
	damaged := modelstest.Dir(t, 1)
	path := filepath.Join(damaged, models.ModelFile)
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, b[:len(b)/2], 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	mixed := modelstest.Dir(t, 1)
	other, err := os.ReadFile(filepath.Join(modelstest.Dir(t, 2), models.RecipeFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(mixed, models.RecipeFile), other, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		model string
		want  []string
	}{
		"no folder":                    {filepath.Join(t.TempDir(), "gone"), []string{"no such file", "perk train"}},
		"truncated model file":         {damaged, []string{models.ModelFile, "copy the model's files again"}},
		"recipe of another base model": {mixed, []string{"learned with base model", "keep the files"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.model = c.model
			w.fails(c.want, "adapter", "ls") // through the plugin process
			w.fails(c.want, "model", "info") // in this one
		})
	}
	w.model = good
	w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4")
}

func TestHeldStore(t *testing.T) {
	w := newWorld(t)
	w.index()
	store, err := adapterstore.Open(filepath.Join(w.data, "adapters"), adapterstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.fails([]string{filepath.Join(w.data, "adapters"), "process"}, "ask", "docs/mary.txt", "Where is Mary?")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4")
}

func TestBadDataDirectory(t *testing.T) {
	w := newWorld(t)
	w.data = filepath.Join(w.docs, "mary.txt", "data") // below a file
	w.fails([]string{"--data"}, "adapter", "ls")
}

func TestBadSources(t *testing.T) {
	w := newWorld(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusUnauthorized)
		io.WriteString(rw, `{"message":"no"}`)
	}))
	defer refusing.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + ln.Addr().String()
	ln.Close()
	index, serve := []string{"index"}, []string{"serve", "--listen", "127.0.0.1:0"}
	for _, command := range [][]string{index, serve} {
		w.fails([]string{"check the API key"}, slices.Concat(command, []string{"--weaviate", refusing.URL, "--collection", "Docs", "--log-level", "error"})...)
		w.fails([]string{"name a folder"}, slices.Concat(command, []string{"--folder", w.docs + ".gone", "--log-level", "error"})...)
	}
	w.fails([]string{"Weaviate", down}, slices.Concat(index, []string{"--weaviate", down, "--collection", "Docs", "--log-level", "error"})...)
	w.fails([]string{"--collection"}, slices.Concat(index, []string{"--weaviate", down, "--log-level", "error"})...)
}

// TestServeWaitsForItsDatabase: a Weaviate that waits for the endpoint when it starts must find it.
func TestServeWaitsForItsDatabase(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + ln.Addr().String()
	ln.Close()
	w := newWorld(t)
	s := w.serveSource("--weaviate", down)
	if status, body := s.generate("[[perk:Docs/1]] Where is Mary?"); status != http.StatusNotFound {
		t.Errorf("%d %s", status, body)
	}
	s.stop()
	if !strings.Contains(s.log.String(), "until the database answers") {
		t.Errorf("the log says %s", s.log.String())
	}
}
