package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// Clients of other languages, in the versions that the tests were written with, and the folder that they are installed into.
const clientsDir = "../../build/clients"

var (
	npmClients = []string{"weaviate-client@3.12.1", "ollama@0.6.4", "openai@6.49.0"}
	pyClients  = []string{"weaviate-client==4.24.1"}
)

// installClients installs what is not there yet. It needs the network; what cannot be installed is missing later, and the tests say so.
func installClients() {
	python := filepath.Join(clientsDir, "py/bin/python")
	for _, c := range []struct {
		there string
		run   [][]string
	}{
		{filepath.Join(clientsDir, "node_modules/openai"), [][]string{append([]string{"npm", "install", "--no-audit", "--no-fund", "--prefix", clientsDir}, npmClients...)}},
		{filepath.Join(clientsDir, "py/done"), [][]string{
			{"python3", "-m", "venv", filepath.Join(clientsDir, "py")}, append([]string{python, "-m", "pip", "install", "-q"}, pyClients...),
			{python, "-c", "import weaviate, sys; open(sys.argv[1], 'w')", filepath.Join(clientsDir, "py/done")},
		}},
	} {
		if _, err := os.Stat(c.there); err == nil {
			continue
		}
		for _, args := range c.run {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%v: %v\n%s", args, err, out)
				break
			}
		}
	}
}

// client runs a program that uses an installed client, and gives its output; without the client the test is passed over, in CI it fails.
func client(t *testing.T, there string, args ...string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(clientsDir, there)); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s could not be installed; see the beginning of the output", there)
		}
		t.Skipf("%s is not there: it needs Node 20, Python 3 and the network", there)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = clientsDir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// snippets gives the code blocks of the README's section about a Weaviate collection, by language.
func snippets(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## A Weaviate collection\n")
	section, _, end := strings.Cut(section, "\n## ")
	if !ok || !end {
		t.Fatal("README.md has no section about a Weaviate collection")
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(section, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// write makes a file in the clients' folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(clientsDir, name))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestClients runs what the README tells users to write, letter by letter, and the official clients of Ollama and OpenAI, against an unmodified Weaviate and perk on
// their usual ports.
func TestClients(t *testing.T) {
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: run `make e2e`, or set PERK_E2E=1")
	}
	for _, address := range []string{"127.0.0.1:8080", "127.0.0.1:50051", "127.0.0.1:11434"} {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Skipf("the usual ports are taken: %v", err)
		}
		ln.Close()
	}
	binary, err := server.Build(t.Context(), binDir)
	if err != nil {
		t.Fatal(err)
	}
	node, err := server.Start(t.Context(), server.Config{Binary: binary, Dir: t.TempDir(), HTTP: 8080, GRPC: 50051})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	text := snippets(t)
	must(t, http.MethodPost, node.Endpoint()+"/v1/schema", text["json"])
	c := &corpus{answers: map[string]string{}, rng: rand.New(rand.NewPCG(10, 0xe2e))}
	for i := range 3 {
		d := c.draw(t, perk.DocumentID{Collection: "Article", UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i)})
		c.docs = append(c.docs, d)
		b, _ := json.Marshal(map[string]any{"class": "Article", "id": d.ID.UUID, "properties": map[string]string{"content": d.Text}})
		must(t, http.MethodPost, node.Endpoint()+"/v1/objects", string(b))
	}
	p := newProgram(t, node.Endpoint())
	p.listen = "127.0.0.1:11434"
	p.serveWith(t, "--write-refs")
	eventually(t, time.Minute, "three adapters", func() bool { return len(p.adapters(t)) == 3 })

	all := func(t *testing.T, out string) { // every hit, and its answer behind its id
		t.Helper()
		for _, d := range c.docs {
			if _, behind, ok := strings.Cut(out, d.ID.UUID); !ok || !strings.Contains(out, c.answers[d.ID.String()]) || behind == "" {
				t.Errorf("%s is in the %s; printed was\n%s", d.ID, c.answers[d.ID.String()], out)
			}
		}
	}
	t.Run("GraphQL", func(t *testing.T) {
		b, _ := json.Marshal(map[string]string{"query": text["graphql"]})
		all(t, string(must(t, http.MethodPost, node.Endpoint()+"/v1/graphql", string(b))))
	})
	t.Run("Python", func(t *testing.T) {
		all(t, client(t, "py/done", "py/bin/python", write(t, "snippet.py", text["python"])))
	})
	t.Run("TypeScript", func(t *testing.T) {
		all(t, client(t, "node_modules/weaviate-client", "node", write(t, "snippet.mjs", text["ts"])))
	})
	t.Run("Go", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(path, []byte(text["go"]), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "go", "run", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		all(t, string(out))
	})

	key, err := p.run(t, "ref", c.docs[0].ID.String())
	if err != nil {
		t.Fatal(err)
	}
	answer := c.answers[c.docs[0].ID.String()]
	for _, script := range []string{"ollama", "openai"} {
		t.Run(script, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", script+".mjs"))
			if err != nil {
				t.Fatal(err)
			}
			out := client(t, "node_modules/"+script, "node", write(t, script+".mjs", string(b)), "http://"+p.listen, strings.TrimSpace(string(key)), question)
			var got map[string]any
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			for name, v := range got {
				text, _ := v.(string)
				if (strings.HasPrefix(name, "generate") || strings.HasPrefix(name, "chat")) && strings.TrimSpace(text) != answer {
					t.Errorf("%s: %q, want %q", name, v, answer)
				}
			}
			if e, _ := got["error"].(string); len(got) < 7 || !strings.Contains(e, "names no document") {
				t.Errorf("%s", out)
			}
		})
	}
}
