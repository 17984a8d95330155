package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// stock is an unmodified Weaviate that asks for a key and whose modules are all switched to perk.
type stock struct {
	*testing.T
	node *server.Server
	perk *program
}

const apiKey = "e2e-key"

// startStock starts perk first, because Weaviate's modules wait for it.
func startStock(t *testing.T, flags ...string) *stock {
	t.Helper()
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: run `make e2e`, or set PERK_E2E=1")
	}
	t.Setenv("PERK_WEAVIATE_KEY", apiKey)
	binary, err := server.Build(t.Context(), binDir)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	ln.Close()
	s := &stock{T: t, perk: newProgram(t, fmt.Sprint("http://127.0.0.1:", port))}
	s.perk.serveWith(t, flags...)
	endpoint := "http://" + s.perk.listen
	s.node, err = server.Start(t.Context(), server.Config{Binary: binary, Dir: t.TempDir(), HTTP: port, APIKey: apiKey, Env: []string{
		"ENABLE_MODULES=generative-ollama,generative-openai,qna-transformers,text2vec-transformers,backup-filesystem", "API_BASED_MODULES_DISABLED=true",
		"QNA_INFERENCE_API=" + endpoint, "TRANSFORMERS_INFERENCE_API=" + endpoint, "BACKUP_FILESYSTEM_PATH=" + t.TempDir(), "OPENAI_APIKEY=none",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.node.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// rest sends a request to Weaviate and decodes its reply into v, when it is not nil.
func (s *stock) rest(method, path, body string, v any) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.node.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("%s %s", resp.Status, b)
	}
	if err == nil && v != nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
}

// object is one hit of a query.
type object struct {
	DocRef     string
	Additional struct {
		ID       string
		Generate struct{ SingleResult, GroupedResult, Error string }
		Answer   struct {
			HasAnswer bool
			Result    string
			Certainty float64
		}
	} `json:"_additional"`
}

// query sends GraphQL {Get{Report(...){...}}}.
func (s *stock) query(search, fields string) []object {
	s.Helper()
	body, _ := json.Marshal(map[string]string{"query": "{Get{Report(" + search + "){docRef _additional{id " + fields + "}}}}"})
	var out struct {
		Data   struct{ Get map[string][]object }
		Errors []struct{ Message string }
	}
	s.rest(http.MethodPost, "/v1/graphql", string(body), &out)
	if len(out.Errors) > 0 {
		s.Fatalf("%s: %v", body, out.Errors)
	}
	return out.Data.Get["Report"]
}

// put writes documents of the collection Report without keys, as a user's program does.
func (s *stock) put(docs ...perk.Document) {
	s.Helper()
	for _, d := range docs {
		b, _ := json.Marshal(map[string]any{"class": "Report", "id": d.ID.UUID, "properties": map[string]string{"content": d.Text}})
		s.rest(http.MethodPost, "/v1/objects", string(b), nil)
	}
}

func (s *stock) overview() indexer.Overview {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), s.perk.path, "status", "Report", "--json", "--data", s.perk.data)
	out, err := cmd.Output()
	if err != nil {
		return indexer.Overview{} // the collection is not known yet
	}
	var o indexer.Overview
	if err := json.Unmarshal(bytes.TrimSpace(out), &o); err != nil {
		s.Fatalf("%s: %v", out, err)
	}
	return o
}

const reportClass = `{"class":"Report","vectorizer":"text2vec-transformers","vectorIndexConfig":{"skip":false},"invertedIndexConfig":{"indexTimestamps":true},
	"moduleConfig":{"generative-ollama":{"apiEndpoint":%q,"model":"perk"},"text2vec-transformers":{"vectorizeClassName":false}},
	"properties":[{"name":"content","dataType":["text"]},{"name":"docRef","dataType":["text"],"tokenization":"field","indexFilterable":true}]}`

// reports makes the collection and n documents in it, and waits until they can be asked.
func (s *stock) reports(c *corpus, n int) {
	s.Helper()
	s.rest(http.MethodPost, "/v1/schema", fmt.Sprintf(reportClass, "http://"+s.perk.listen), nil)
	eventually(s.T, time.Minute, "the collection to be followed", func() bool { return s.overview().Passes > 0 })
	for i := range n {
		c.docs = append(c.docs, c.draw(s.T, perk.DocumentID{Collection: "Report", UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i)}))
	}
	s.put(c.docs...)
	eventually(s.T, 2*time.Minute, "the documents to be ready", func() bool { o := s.overview(); return o.Ready == n && o.Waiting == 0 })
}

// TestStock lets every module of an unmodified server ask perk. Passes are an hour apart: what is new is told by the hook on writes.
func TestStock(t *testing.T) {
	s := startStock(t, "--interval", "1h", "--write-refs")
	c := &corpus{answers: map[string]string{}, rng: rand.New(rand.NewPCG(8, 0xe2e))}
	s.reports(c, 4)
	byID := func(i int) string {
		return fmt.Sprintf(`where:{path:["id"],operator:Equal,valueText:%q}`, c.docs[i].ID.UUID)
	}
	is := func(what, got string, i int) {
		t.Helper()
		if want := c.answers[c.docs[i].ID.String()]; strings.TrimSpace(got) != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	single := func(i int) object {
		return s.query(byID(i), `generate(singleResult:{prompt:"[[perk:{docRef}]] `+question+`"}){singleResult error}`)[0]
	}
	for i := range c.docs {
		o := single(i)
		if is("generate", o.Additional.Generate.SingleResult, i); o.Additional.Generate.Error != "" || !strings.HasPrefix(o.DocRef, c.docs[i].ID.String()+"#") {
			t.Errorf("%+v", o)
		}
	}

	openai := s.query(byID(0), `generate(singleResult:{prompt:"[[perk:{docRef}]] `+question+`", openai:{baseURL:"http://`+s.perk.listen+`", model:"perk"}}){singleResult error}`)
	if is("generative-openai", openai[0].Additional.Generate.SingleResult, 0); openai[0].Additional.Generate.Error != "" {
		t.Errorf("%+v", openai)
	}

	grouped := s.query(`limit:10`, `generate(groupedResult:{task:"`+question+`", properties:["docRef"]}){groupedResult error}`)
	for i, d := range c.docs {
		if line := d.ID.String() + ": " + c.answers[d.ID.String()]; !strings.Contains(grouped[0].Additional.Generate.GroupedResult, line+"\n") {
			t.Errorf("groupedResult lacks %q (document %d): %+v", line, i, grouped[0].Additional.Generate)
		}
	}

	for _, property := range []string{"docRef", "content"} {
		for _, i := range []int{1, 2} {
			o := s.query(byID(i)+`, ask:{question:"`+question+`", properties:["`+property+`"]}`, `answer{hasAnswer result certainty}`)
			if is("ask by "+property, o[0].Additional.Answer.Result, i); !o[0].Additional.Answer.HasAnswer || o[0].Additional.Answer.Certainty <= 0 {
				t.Errorf("%+v", o)
			}
		}
	}

	bare := s.query(byID(0), `generate(singleResult:{prompt:"[[perk:`+c.docs[1].ID.String()+`]] `+question+`"}){singleResult error}`)
	if g := bare[0].Additional.Generate; g.SingleResult != "" || !strings.Contains(g.Error, "forbidden") {
		t.Errorf("a bare key: %+v", g)
	}

	// An update: never from the old text, and soon from the new one.
	c.docs[3] = c.draw(t, c.docs[3].ID)
	b, _ := json.Marshal(map[string]any{"class": "Report", "properties": map[string]string{"content": c.docs[3].Text}})
	s.rest(http.MethodPatch, "/v1/objects/Report/"+c.docs[3].ID.UUID, string(b), nil)
	if g := single(3).Additional.Generate; g.Error == "" {
		is("at once after an update", g.SingleResult, 3)
	}
	eventually(t, time.Minute, "the update", func() bool { return single(3).Additional.Generate.Error == "" })
	is("after the update", single(3).Additional.Generate.SingleResult, 3)
}
