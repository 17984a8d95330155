package endpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
)

func TestGenerateAsWeaviateAsks(t *testing.T) {
	r := newReasoner()
	s := serve(t, r, endpoint.Options{})
	status, got := post(t, s.URL+"/api/generate", `{"model":"perk","prompt":"[[perk:Docs/1]] Which city?","stream":false,"options":{"temperature":0.5}}`)
	if status != 200 || len(got) != 1 || got[0]["response"] != "It is: Which city?" || got[0]["done"] != true || got[0]["done_reason"] != "stop" {
		t.Errorf("%d %v", status, got)
	}
	want := perk.Question{Document: perk.DocumentID{Collection: "Docs", UUID: "1"}, Text: "Which city?", Content: perk.ContentHash("one"),
		Options: perk.DecodeOptions{Temperature: 0.5}}
	if diff := cmp.Diff([]perk.Question{want}, r.asked); diff != "" {
		t.Error(diff)
	}
	if e, ok := got[0]["perk"].(map[string]any); !ok || e["probability"] != 0.5 || e["content"] != perk.ContentHash("one").String() {
		t.Errorf("evidence %v", got[0]["perk"])
	}
}

func TestErrors(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{MaxBody: 2000})
	generate := func(prompt string) string {
		b, _ := json.Marshal(map[string]any{"model": "perk", "prompt": prompt, "stream": false})
		return string(b)
	}
	for _, c := range []struct {
		name, body string
		status     int
		error      string // the reply's error begins so
	}{
		{"pending", generate("[[perk:Docs/pending]] q?"), 503, "pending: Docs/pending is not encoded yet; run `perk index`"},
		{"stale", generate("[[perk:Docs/changed]] q?"), 409, "stale: Docs/changed was changed after it was encoded; run `perk index`"},
		{"deleted, though its adapter is there", generate("[[perk:Docs/gone]] q?"), 404, "not found: weaviate: no object Docs/gone"},
		{"source away, though the adapter is there", generate("[[perk:Docs/down]] q?"), 503, "unavailable: weaviate: connection refused"},
		{"collection not served", generate("[[perk:Other/1]] q?"), 404, "not found: endpoint: collection \"Other\" is not served here"},
		{"no key", generate("Which city?"), 400, "invalid: endpoint: the prompt names no document (write"},
		{"placeholder without a key in it", generate("[[perk:]] q?"), 400, "invalid: endpoint: document id"},
		{"no question", generate(" [[perk:Docs/1]] "), 400, "invalid: endpoint: the question is empty"},
		{"wrong signature", generate("[[perk:Docs/1#0123456789012345678901]] q?"), 403, "forbidden: docref: the key's signature is not right"},
		{"grouped without keys", generate(`Compare: [{"content":"long"},{"content":"text"}]`), 400, "invalid: endpoint: the prompt names no document"},
		{"another model", `{"model":"llama3","prompt":"[[perk:Docs/1]] q?"}`, 404, "not found: endpoint: model \"llama3\" not found (this server serves \"perk\")"},
		{"no JSON", `{"model":`, 400, "invalid: endpoint: the request is not the JSON of this API"},
		{"of a wrong type", `{"model":"perk","prompt":7}`, 400, "invalid: endpoint: the request is not the JSON of this API"},
		{"too large", generate("[[perk:Docs/1]] " + strings.Repeat("long ", 1000)), 400, "invalid: endpoint: the request has more than 2000 bytes"},
		{"bad option", `{"model":"perk","prompt":"[[perk:Docs/1]] q?","options":{"top_p":2}}`, 400, "invalid: endpoint: top_p 2 is not in 0..1"},
		{"images", `{"model":"perk","prompt":"[[perk:Docs/1]] q?","images":["aGk="]}`, 400, "invalid: endpoint: images, tools, suffix and format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := post(t, s.URL+"/api/generate", c.body)
			if len(got) != 1 {
				t.Fatalf("%d %v", status, got)
			}
			if text, _ := got[0]["error"].(string); status != c.status || !strings.HasPrefix(text, c.error) {
				t.Errorf("%d %q, want %d %q", status, text, c.status, c.error)
			}
		})
	}
}

func TestStream(t *testing.T) {
	r := newReasoner()
	s := serve(t, r, endpoint.Options{})
	body := `{"model":"perk:latest","prompt":"[[perk:Docs/1]] q?"}`
	_, got := post(t, s.URL+"/api/generate", body)
	var pieces []any
	for _, line := range got {
		pieces = append(pieces, line["response"], line["done"])
	}
	if diff := cmp.Diff([]any{"It is: ", false, "q?", false, "", true}, pieces); diff != "" {
		t.Error(diff)
	}
	r.breakAt = 1
	status, got := post(t, s.URL+"/api/generate", body)
	if status != 200 || len(got) != 2 || got[1]["error"] != "unavailable: plugin: process died" {
		t.Errorf("broken off: %d %v", status, got)
	}
}

func TestNotInDocument(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{MinConfidence: new(0.9)})
	body := func(rest string) string { return `{"model":"perk","prompt":"[[perk:Docs/1]] q?"` + rest + `}` }
	_, got := post(t, s.URL+"/api/generate", body(`,"stream":false`))
	want := map[string]any{
		"document": map[string]any{"collection": "Docs", "uuid": "1"}, "probability": 0., "confidence": 0.5, "refused": "It is: q?",
		"support": []any{
			map[string]any{"text": "one", "state": "found", "start": 0., "end": 3., "count": 1., "quote": "one"},
			map[string]any{"text": "two", "state": "not_found", "start": 0., "end": 0., "count": 0.},
		},
		"content": perk.Hash{}.String(), "adapter": perk.Hash{}.String(),
	}
	if got[0]["response"] != "not in this document" {
		t.Errorf("%v", got)
	}
	if d := cmp.Diff(want, got[0]["perk"]); d != "" {
		t.Errorf("evidence (-want +got):\n%s", d)
	}
	_, got = post(t, s.URL+"/api/generate", body(""))
	if len(got) != 2 || got[0]["response"] != "not in this document" || got[1]["response"] != "" || got[1]["done"] != true {
		t.Errorf("streamed: %v", got)
	}
	_, got = post(t, s.URL+"/api/generate", body(`,"stream":false,"options":{"min_confidence":0}`))
	if e := got[0]["perk"].(map[string]any); got[0]["response"] != "It is: q?" || e["refused"] != nil {
		t.Errorf("switched off by the request: %v", got)
	}
	if status, got := post(t, s.URL+"/api/generate", body(`,"options":{"min_confidence":1.5}`)); status != 400 {
		t.Errorf("%d %v", status, got)
	}
}

func TestChat(t *testing.T) {
	r := newReasoner()
	s := serve(t, r, endpoint.Options{})
	status, got := post(t, s.URL+"/api/chat", `{"model":"perk","stream":false,"options":{"num_predict":9,"top_k":3,"top_p":0.9,"seed":5,"stop":"\n"},"messages":[
		{"role":"system","content":"be kind"},{"role":"user","content":"[[perk:Docs/2]] first?"},{"role":"assistant","content":"x"},{"role":"user","content":"second?"}]}`)
	if status != 200 || len(got) != 1 {
		t.Fatalf("%d %v", status, got)
	}
	if diff := cmp.Diff(map[string]any{"role": "assistant", "content": "It is: second?"}, got[0]["message"]); diff != "" {
		t.Error(diff)
	}
	want := perk.DecodeOptions{MaxTokens: 9, TopK: 3, TopP: 0.9, Seed: 5, Stop: []string{"\n"}}
	if diff := cmp.Diff(want, r.asked[0].Options); diff != "" {
		t.Error(diff)
	}
	if status, _ := post(t, s.URL+"/api/chat", `{"model":"perk","messages":[]}`); status != 400 {
		t.Errorf("no message: %d", status)
	}
}

func TestModels(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{Model: "perk-nano", Version: "1.2.3", Digest: "abc", Parameters: 4e6})
	for path, want := range map[string]string{"/api/tags": `"name":"perk-nano:latest"`, "/api/version": `{"version":"1.2.3"}`, "/": "perk is running"} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(b), want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, b)
		}
	}
	if status, got := post(t, s.URL+"/api/show", `{"model":"perk-nano"}`); status != 200 || got[0]["model_info"] == nil {
		t.Errorf("show: %d %v", status, got)
	}
	if status, got := post(t, s.URL+"/api/pull", `{}`); status != 404 || got[0]["error"] == nil {
		t.Errorf("pull: %d %v", status, got)
	}
}

func TestKey(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{Key: "s3cret"})
	body := `{"model":"perk","prompt":"[[perk:Docs/1]] q?","stream":false}`
	for _, c := range []struct {
		path, bearer string
		want         int
	}{
		{"/api/generate", "", 401}, {"/api/generate", "Bearer wrong", 401}, {"/api/generate", "s3cret", 401}, {"/api/generate", "Bearer s3cret", 200},
		{"/key/s3cret/api/generate", "", 200}, {"/key/wrong/api/generate", "", 401}, {"/key/s3cret/api/generate", "Bearer wrong", 401},
	} {
		if status, _ := post(t, s.URL+c.path, body, "Authorization", c.bearer); status != c.want {
			t.Errorf("%s with %q: %d, want %d", c.path, c.bearer, status, c.want)
		}
	}
}

func TestNoBrowserPageMayAsk(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{})
	resp, err := http.DefaultClient.Do(func() *http.Request {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/generate", strings.NewReader("{}"))
		r.Header.Set("Origin", "https://example.org")
		return r
	}())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Error(resp.Status)
	}
}

func TestHostNames(t *testing.T) {
	for host, want := range map[string]int{"127.0.0.1:11434": 200, "localhost": 200, "[::1]:11434": 200, "[::1]": 200, "evil.example:11434": 401, "": 401} {
		for _, key := range []string{"", "k"} {
			h := endpoint.New(newReasoner(), serving(nil), endpoint.Options{Key: key, Keys: keys(t)}, zerolog.Nop())
			r := httptest.NewRequest(http.MethodGet, "/api/version", nil)
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+key)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if key == "" && w.Code != want || key != "" && w.Code != 200 {
				t.Errorf("host %q, key %q: %d %s", host, key, w.Code, w.Body)
			}
		}
	}
}

// TestLogTellsNoText: whatever is asked, its words do not reach the log.
func TestLogTellsNoText(t *testing.T) {
	var log bytes.Buffer
	h := endpoint.New(newReasoner(), serving(texts{"1": "secret"}), endpoint.Options{Key: "secret", Keys: keys(t), Unsigned: true}, zerolog.New(&log))
	for _, prompt := range []string{"[[perk:Docs/1]] secret?", "[[perk:Docs/secret text\\u0001]] q?", "[[perk:secret]] q?", "secret", "[[perk:Docs/1]] [[perk:Docs/2]] secret"} {
		for _, path := range []string{"/key/secret/api/generate", "/key/secretive/api/generate", "/key/secret/api/secret"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"model":"perk","prompt":"`+prompt+`"}`))
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	if log.Len() == 0 || strings.Contains(log.String(), "secret") {
		t.Errorf("the log says:\n%s", &log)
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"model":"perk","prompt":"[[perk:Docs/1]] q?","stream":false}`, `{"options":{"stop":["a"],"seed":-1,"temperature":1e308}}`, `{"prompt":"[[perk:[[perk:a/b]]]]"}`,
		`{"model":"perk","messages":[{"role":"user","content":"[[perk:Docs/1]]"}]}`, `{"text":"Docs/1","question":"q?"}`, `{"model":"perk","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"[[perk:Docs/1]] q?"}]}]}`, `[]`, `null`, "\x00", `{"format":{}}`,
	} {
		f.Add(s)
	}
	h := endpoint.New(newReasoner(), serving(texts{"1": "one"}), endpoint.Options{MaxBody: 4096, Keys: keys(f), Unsigned: true}, zerolog.Nop())
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/api/generate", "/api/chat", "/v1/chat/completions", "/answers/", "/vectors"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body)))
			if w.Code != 200 && w.Code != 400 && w.Code != 404 && w.Code != 503 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			for line := range strings.Lines(w.Body.String()) {
				line = strings.TrimSpace(strings.TrimPrefix(line, "data: "))
				if line == "" || line == "[DONE]" {
					continue
				}
				if !json.Valid([]byte(line)) {
					t.Fatalf("%s: %q is no JSON", path, line)
				}
			}
		}
	})
}

// counting is an asker that notes how many questions it answers at once.
type counting struct{ now, most atomic.Int32 }

func (c *counting) AskAll(context.Context, []perk.Question, func(int, *perk.Answer, error)) error {
	return nil
}

func (c *counting) Find(context.Context, perk.Hash) ([]perk.DocumentID, error) { return nil, nil }

func (c *counting) Ask(context.Context, perk.Question, func(string) error) (*perk.Answer, error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	time.Sleep(5 * time.Millisecond)
	return &perk.Answer{}, nil
}

func TestConcurrent(t *testing.T) {
	c := &counting{}
	s := serve(t, c, endpoint.Options{Concurrent: 2})
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			resp, err := http.Post(s.URL+"/api/generate", "application/json", strings.NewReader(`{"model":"perk","prompt":"[[perk:Docs/1]] q?","stream":false}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Error(resp.Status)
			}
		})
	}
	group.Wait()
	if most := c.most.Load(); most != 2 {
		t.Errorf("%d questions at once, want 2", most)
	}
}
