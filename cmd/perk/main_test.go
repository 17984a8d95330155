package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/perkdb/perk/models/modelstest"
)

var killRounds = flag.Int("kill.rounds", 3, "how often TestKilledEncode kills a program that encodes (1 with -short)")

// TestMain makes the test binary the program itself when its first argument is a command: the plugin process of commands that are tested
// in this process, and the programs of tests that need several.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
	}
	for _, name := range []string{"PERK_HOME", "PERK_MODEL", "PERK_FOLDER", "PERK_WEAVIATE", "PERK_COLLECTION", "PERK_LISTEN", "PERK_LOG_LEVEL", weaviateKeyEnv, endpointKeyEnv, refSecretEnv} {
		os.Unsetenv(name)
	}
	// Weaviate's client ends its connections in a finalizer, which waits for a reader that the client does not always have.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/weaviate/weaviate-go-client/v5/weaviate/connection.finalizer"))
}

// world is a data directory, a model and a folder of documents.
type world struct {
	*testing.T
	data, model, docs string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	data, err := os.MkdirTemp("", "perk") // t.TempDir's names leave too little room for a socket's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	w := &world{t, data, modelstest.Dir(t, 1), t.TempDir()}
	w.write("mary.txt", "Mary went to the kitchen. The weather was fine.")
	w.write("john.txt", "John went to the garden. Nobody could say why.")
	return w
}

// write makes or changes a document.
func (w *world) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.docs, name), []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

// args completes a command's arguments.
func (w *world) args(args []string) []string {
	return append(args, "--data", w.data, "--model", w.model)
}

// lockedBuffer stands for standard error, which a command and the log of its plugin process write to at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// result is what a command did.
type result struct {
	out, errs string
	status    int
}

// perk runs a command in this process.
func (w *world) perk(args ...string) result {
	w.Helper()
	return w.perkReading("", args...)
}

// perkReading runs a command with a standard input.
func (w *world) perkReading(in string, args ...string) result {
	w.Helper()
	var out bytes.Buffer
	var errs lockedBuffer
	status := run(context.WithoutCancel(w.Context()), w.args(args), strings.NewReader(in), &out, &errs)
	return result{out.String(), errs.String(), status}
}

// ok runs a command that must succeed and gives its output.
func (w *world) ok(args ...string) string {
	w.Helper()
	r := w.perk(args...)
	if r.status != statusOK {
		w.Fatalf("perk %v: status %d\n%s%s", args, r.status, r.out, r.errs)
	}
	return r.out
}

// fails runs a command that must fail with these texts in its message.
func (w *world) fails(texts []string, args ...string) {
	w.Helper()
	r := w.perk(args...)
	if r.status != statusFailed {
		w.Errorf("perk %v: status %d, want %d\n%s%s", args, r.status, statusFailed, r.out, r.errs)
	}
	for _, text := range texts {
		if !strings.Contains(r.errs, text) {
			w.Errorf("perk %v says %q, want %q in it", args, r.errs, text)
		}
	}
}

// index makes a pass over the folder.
func (w *world) index() string {
	w.Helper()
	return w.ok("index", "--folder", w.docs)
}

// program is a command as a process of its own.
func (w *world) program(args ...string) *exec.Cmd {
	w.Helper()
	self, err := os.Executable()
	if err != nil {
		w.Fatal(err)
	}
	return exec.Command(self, w.args(args)...)
}

// decode reads one line of JSON, all of whose members T must know.
func decode[T any](t *testing.T, line string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return v
}
