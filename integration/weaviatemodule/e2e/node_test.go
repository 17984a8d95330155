package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/internal/task"
)

// node is a running server with the module, and who asks it.
type node struct {
	*server.Server
	home string // of the adapters
	key  string // sent with every request; "": none
}

// shortDir is a directory whose name leaves room for a socket's.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "perk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// needServer skips a test that runs servers where they are not asked for. Called before goroutines: only the test's own may skip it.
func needServer(t testing.TB) {
	t.Helper()
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs the server with the module: run `make e2e`, or set PERK_E2E=1")
	}
}

// start runs a server whose adapters are in home. Its plugin is held to its directory and checksum.
func start(t testing.TB, c server.Config, home string, env ...string) *node {
	t.Helper()
	needServer(t)
	c.Binary = serverBinary()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	text, err := os.ReadFile(program())
	if err != nil {
		t.Fatal(err)
	}
	c.Env = append([]string{
		"ENABLE_MODULES=perk,generative-perk", "PERK_PLUGIN=" + program(), "PERK_PLUGIN_DIR=" + filepath.Dir(program()),
		fmt.Sprintf("PERK_PLUGIN_SHA256=%x", sha256.Sum256(text)), "PERK_HOME=" + home, "PERK_INTERVAL=2s", "PERK_SHARE=1", "LOG_LEVEL=info",
	}, env...)
	s, err := server.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("the server's log:\n" + tail(filepath.Join(c.Dir, "weaviate.log")))
		}
	})
	return &node{Server: s, home: home, key: c.APIKey}
}

func tail(path string) string {
	text, _ := os.ReadFile(path)
	return string(text[max(0, len(text)-6000):])
}

// as gives the node with another caller's key.
func (n *node) as(key string) *node { return &node{n.Server, n.home, key} }

// call sends a request and gives status and body.
func (n *node) call(t testing.TB, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, n.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if n.key != "" {
		r.Header.Set("Authorization", "Bearer "+n.key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// must is call of what must succeed, and reads the reply.
func (n *node) must(t testing.TB, method, path, body string, into any) {
	t.Helper()
	status, text := n.call(t, method, path, body)
	if status > 299 {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// answer is `_additional { perk }` of a hit, and a reply of POST ask.
type answer struct {
	Answer     *string
	Confidence *float64
	Support    []struct {
		Text       string
		Start, End *int
	}
	Key, State string
	Reason     string
}

// hit is one object of a query's result.
type hit struct {
	Additional struct {
		ID       string
		Perk     answer
		Generate struct{ SingleResult, GroupedResult, Error string }
	} `json:"_additional"`
}

// query gives the hits of a GraphQL Get, and what went wrong.
func (n *node) query(t testing.TB, class, search, additional string) ([]hit, string) {
	t.Helper()
	if search != "" {
		search = "(" + search + ")"
	}
	body, err := json.Marshal(map[string]string{"query": fmt.Sprintf(`{Get{%s%s{_additional{id %s}}}}`, class, search, additional)})
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Data   struct{ Get map[string][]hit }
		Errors []struct{ Message string }
	}
	n.must(t, http.MethodPost, "/v1/graphql", string(body), &out)
	if len(out.Errors) > 0 {
		return nil, out.Errors[0].Message
	}
	return out.Data.Get[class], ""
}

// perkField asks the adapters of a query's hits.
func perkField(arguments string) string {
	return fmt.Sprintf(`perk(%s){answer confidence support{text start end} key state reason}`, arguments)
}

const where = `question:"Where is Mary?"`

// story is a document in which Mary is somewhere.
type story struct {
	tenant, uuid, text, place string
}

func (s *story) object(class string) string {
	text, _ := json.Marshal(s.text) // a string always can be
	tenant := ""
	if s.tenant != "" {
		tenant = fmt.Sprintf(`,"tenant":%q`, s.tenant)
	}
	return fmt.Sprintf(`{"class":%q,"id":%q%s,"properties":{"content":%s},"vector":[1,0.%s]}`, class, s.uuid, tenant, text, s.uuid[:2])
}

// library draws stories.
type library struct {
	rng   *rand.Rand
	words int // of a story
}

func newLibrary(seed uint64) *library { return &library{rand.New(rand.NewPCG(seed, 0xe2e)), 200} }

// draw gives a story whose place is not the one named.
func (l *library) draw(t testing.TB, n int, tenant, not string) *story {
	t.Helper()
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		t.Fatal(err)
	}
	for {
		words := func(s string) int { return len(strings.Fields(s)) }
		e, err := qa1.Episode(l.rng, task.Options{Tokens: l.words, Count: words, Filler: task.Generated{}, Split: task.Eval})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range e.Questions {
			if q.Question == "Where is Mary?" && !q.Cloze && q.Answers[0] != not {
				return &story{tenant, fmt.Sprintf("%08x-0000-4000-8000-000000000001", n*7919+0x10000000), e.Text, q.Answers[0]}
			}
		}
	}
}

// right says whether a reply is ready and names the story's place.
func (s *story) right(a answer) bool {
	return a.State == "ready" && a.Answer != nil && task.EM(*a.Answer, []string{s.place}) == 1
}

// eventually waits for a condition.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v: not %s", limit, what)
		}
	}
}

// put writes stories in one batch.
func (n *node) put(t testing.TB, class string, stories ...*story) {
	t.Helper()
	var b bytes.Buffer
	for i, s := range stories {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s.object(class))
	}
	var replies []struct {
		Result struct {
			Errors any `json:"errors"`
		} `json:"result"`
	}
	n.must(t, http.MethodPost, "/v1/batch/objects", `{"objects":[`+b.String()+`]}`, &replies)
	for _, r := range replies {
		if r.Result.Errors != nil {
			t.Fatal(r.Result.Errors)
		}
	}
}

// adapters lists the documents that have an adapter, as `perk adapter ls` does over the server's socket.
func (n *node) adapters(t testing.TB) []string {
	t.Helper()
	out, err := exec.Command(program(), "adapter", "ls", "--json", "--data", n.home).Output()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		var a struct {
			Key struct {
				Document perk.DocumentID `json:"document"`
			} `json:"key"`
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		ids = append(ids, a.Key.Document.String())
	}
	return ids
}
