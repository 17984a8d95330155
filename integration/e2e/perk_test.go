package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/weaviate/server"
)

const (
	collection = "LongDoc"
	binDir     = "../../build/bin"
)

func TestMain(m *testing.M) {
	if os.Getenv("PERK_E2E") == "1" {
		// What needs the network comes before the isolation.
		_, err := server.Build(context.Background(), binDir)
		if err == nil && os.Getenv("PERK_BIN") == "" {
			var out []byte
			if out, err = exec.Command("go", "build", "-o", binDir+"/perk", "../../cmd/perk").CombinedOutput(); err != nil {
				err = fmt.Errorf("build perk: %w: %s", err, out)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		installClients()
		if status, ran := server.Isolate(); ran {
			os.Exit(status)
		}
	}
	os.Exit(m.Run())
}

// program is the perk binary against one Weaviate, with one store.
type program struct {
	path, data, weaviate, listen string
}

func newProgram(t *testing.T, weaviate string) *program {
	t.Helper()
	path := os.Getenv("PERK_BIN")
	if path == "" {
		path = binDir + "/perk"
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return &program{path: path, data: t.TempDir(), weaviate: weaviate, listen: ln.Addr().String()}
}

// serve runs `perk serve`, which indexes nothing by itself, until the test ends, and gives its process id once the endpoint answers.
func (p *program) serve(t *testing.T) int {
	t.Helper()
	return p.serveWith(t, "--collection", collection, "--interval", "0", "--unsigned-keys")
}

// serveWith is serve with other flags.
func (p *program) serveWith(t *testing.T, args ...string) int {
	t.Helper()
	cmd := exec.Command(p.path, append([]string{"serve", "--weaviate", p.weaviate, "--data", p.data, "--listen", p.listen}, args...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("perk serve ended with %v", err)
		}
		if t.Failed() {
			t.Logf("log of perk serve:\n%s", log.String())
		}
	})
	eventually(t, time.Minute, "the endpoint to answer", func() bool {
		resp, err := http.Get("http://" + p.listen + "/api/version")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return cmd.Process.Pid
}

// model asks the endpoint for the name of its model.
func (p *program) model(t *testing.T) string {
	t.Helper()
	resp, err := http.Get("http://" + p.listen + "/api/tags")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var tags struct{ Models []struct{ Name string } }
	if err := json.NewDecoder(resp.Body).Decode(&tags); err != nil || len(tags.Models) == 0 {
		t.Fatalf("/api/tags: %v, %v", tags, err)
	}
	return tags.Models[0].Name
}

// index runs `perk index` to its end.
func (p *program) index(t *testing.T) indexer.Report {
	t.Helper()
	return p.indexing(t)()
}

// indexing begins `perk index`; the function that it gives waits for the end.
func (p *program) indexing(t *testing.T) func() indexer.Report {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, "index", "--weaviate", p.weaviate, "--collection", collection, "--data", p.data, "--json")
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() indexer.Report {
		t.Helper()
		if err := cmd.Wait(); err != nil {
			t.Fatalf("perk index: %v\n%s%s", err, out.String(), log.String())
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var r indexer.Report
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
			t.Fatalf("perk index printed %q: %v", out.String(), err)
		}
		t.Logf("perk index: %+v", r)
		return r
	}
}

// adapters gives the content hash of each document's adapter, by the document's key.
func (p *program) adapters(t *testing.T) map[string]perk.Hash {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), p.path, "adapter", "ls", "--data", p.data, "--json").Output()
	if err != nil {
		t.Fatalf("perk adapter ls: %v", err)
	}
	got := map[string]perk.Hash{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return got
		} else if err != nil {
			t.Fatalf("perk adapter ls printed %q: %v", out, err)
		}
		if raw[0] != '[' {
			raw = append(append([]byte("["), raw...), ']')
		}
		var infos []perk.AdapterInfo
		if err := json.Unmarshal(raw, &infos); err != nil {
			t.Fatal(err)
		}
		for _, i := range infos {
			got[i.Key.Document.String()] = i.Content
		}
	}
}

// child finds the one child process of a process: the plugin of `perk serve`.
func child(t *testing.T, parent int) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Skip("needs /proc to find the plugin process")
	}
	for _, path := range stats {
		b, _ := os.ReadFile(path) // a process may end meanwhile
		text := string(b)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // state, parent, ...
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}

// eventually polls until ok or the time is up.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

// run runs a command of the program on the same data.
func (p *program) run(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.path, append(args, "--data", p.data)...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("perk %v: %w: %s", args, err, errs.String())
	}
	return out, err
}
