package endpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
)

func docID(uuid string) perk.DocumentID { return perk.DocumentID{Collection: "Docs", UUID: uuid} }

// TestSignedKeys: without the flag, only who was given a document's key may ask it.
func TestSignedKeys(t *testing.T) {
	h := endpoint.New(newReasoner(), serving(texts{"1": "one", "2": "two"}), endpoint.Options{Keys: keys(t)}, zerolog.Nop())
	key := keys(t).Sign(docID("1"))
	_, code, _ := strings.Cut(key, "#")
	for name, c := range map[string]struct {
		prompt string
		status int
	}{
		"signed":                    {"[[perk:" + key + "]] q?", 200},
		"bare":                      {"[[perk:Docs/1]] q?", 403},
		"another's signature":       {"[[perk:Docs/2#" + code + "]] q?", 403},
		"one of several bare":       {"[[perk:" + key + "]] [[perk:Docs/2]] q?", 403},
		"several":                   {"[[perk:" + key + "]] [[perk:" + keys(t).Sign(docID("2")) + "]] q?", 200},
		"grouped by Weaviate":       {`q?: [{"docRef":"` + key + `"}]`, 200},
		"grouped, one of them bare": {`q?: [{"docRef":"` + key + `"},{"docRef":"Docs/2"}]`, 403},
	} {
		body, _ := json.Marshal(map[string]any{"model": "perk", "prompt": c.prompt, "stream": false})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/api/generate", bytes.NewReader(body)))
		if w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, c.status)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/answers/", strings.NewReader(`{"text":"Docs/1","question":"q?"}`)))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"answer":null`) {
		t.Errorf("Weaviate's ask with a bare key: %d %s", w.Code, w.Body)
	}
}

// TestSeveralDocuments: one line a document, and a reason where there is no answer.
func TestSeveralDocuments(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{MaxDocuments: 5})
	for name, prompt := range map[string]string{
		"keys":    "[[perk:Docs/1]] [[perk:Docs/changed]] [[perk:Docs/pending]] [[perk:Docs/gone]] [[perk:Docs/2]] [[perk:Docs/1]] q?",
		"grouped": `q?: [{"docRef":"Docs/1"},{"docRef":"Docs/changed"},{"docRef":"Docs/pending"},{"docRef":"Docs/gone"},{"docRef":"Docs/2"},{"docRef":"Docs/1"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			body, _ := json.Marshal(map[string]any{"model": "perk", "prompt": prompt, "stream": false})
			status, got := post(t, s.URL+"/api/generate", string(body))
			if status != 200 {
				t.Fatalf("%d %v", status, got)
			}
			want := []string{"Docs/1: It is: q?", "Docs/changed: [stale: ", "Docs/pending: [pending: ", "Docs/gone: [not found: ", "Docs/2: It is: q?", "Docs/1: [invalid: endpoint: not asked: a prompt may ask 5 documents]", ""}
			lines := strings.Split(got[0]["response"].(string), "\n")
			for i := range want {
				if len(lines) != len(want) || !strings.HasPrefix(lines[i], want[i]) {
					t.Fatalf("%q", lines)
				}
			}
			several := got[0]["perk_documents"].([]any)
			if first := several[0].(map[string]any); len(several) != 6 || first["answer"] != "It is: q?" || several[1].(map[string]any)["error"] == nil {
				t.Errorf("%v", several)
			}
		})
	}
}

// slow answers after a while, or when it is told to end.
type slow struct{ *reasoner }

func (s slow) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	if q.Document.UUID == "2" {
		<-ctx.Done()
		return nil, perk.E(perk.ECanceled, "reasoner", ctx.Err())
	}
	return s.reasoner.Ask(ctx, q, emit)
}

func (s slow) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	for i, q := range questions {
		a, err := s.Ask(ctx, q, nil)
		done(i, a, err)
	}
	return nil
}

func TestDeadline(t *testing.T) {
	s := serve(t, slow{newReasoner()}, endpoint.Options{Deadline: 50 * time.Millisecond})
	status, got := post(t, s.URL+"/api/generate", `{"model":"perk","prompt":"[[perk:Docs/1]] [[perk:Docs/2]] q?","stream":false}`)
	if text, _ := got[0]["response"].(string); status != 200 || text != "Docs/1: It is: q?\nDocs/2: [unavailable: endpoint: not answered within 50ms]\n" {
		t.Errorf("%d %v", status, got)
	}
	if status, got := post(t, s.URL+"/api/generate", `{"model":"perk","prompt":"[[perk:Docs/2]] q?","stream":false}`); status != http.StatusGatewayTimeout {
		t.Errorf("%d %v", status, got)
	}
}

func TestOpenAI(t *testing.T) {
	r := newReasoner()
	s := serve(t, r, endpoint.Options{})
	status, got := post(t, s.URL+"/v1/chat/completions", `{"model":"perk","max_tokens":9,"temperature":0,"seed":5,"stop":["\n"],"frequency_penalty":0,"messages":[
		{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"[[perk:Docs/1]] Which city?"}]}]}`)
	if status != 200 || len(got) != 1 || got[0]["object"] != "chat.completion" || !strings.HasPrefix(got[0]["id"].(string), "chatcmpl-") {
		t.Fatalf("%d %v", status, got)
	}
	want := []any{map[string]any{"index": 0., "logprobs": nil, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": "It is: Which city?"}}}
	if diff := cmp.Diff(want, got[0]["choices"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"prompt_tokens": 0., "completion_tokens": 7., "total_tokens": 7.}, got[0]["usage"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(perk.DecodeOptions{MaxTokens: 9, Seed: 5, Stop: []string{"\n"}}, r.asked[0].Options); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"pending": {`{"model":"perk","messages":[{"role":"user","content":"[[perk:Docs/pending]] q?"}]}`, 503, "pending"},
		"model":   {`{"model":"gpt-4o","messages":[{"role":"user","content":"[[perk:Docs/1]] q?"}]}`, 404, "not_found"},
		"tools":   {`{"model":"perk","tools":[{}],"messages":[{"role":"user","content":"[[perk:Docs/1]] q?"}]}`, 400, "invalid"},
		"choices": {`{"model":"perk","n":2,"messages":[{"role":"user","content":"[[perk:Docs/1]] q?"}]}`, 400, "invalid"},
		"format":  {`{"model":"perk","response_format":{"type":"json_object"},"messages":[{"role":"user","content":"[[perk:Docs/1]] q?"}]}`, 400, "invalid"},
		"image":   {`{"model":"perk","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}`, 400, "invalid"},
	} {
		status, got := post(t, s.URL+"/v1/chat/completions", c.body)
		if e, _ := got[0]["error"].(map[string]any); status != c.status || e["code"] != c.code || e["message"] == "" {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
}

func TestOpenAIStream(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{})
	resp, err := http.Post(s.URL+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"model":"perk","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"[[perk:Docs/1]] q?"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(err, resp.Header)
	}
	var got []string
	for event := range strings.SplitSeq(strings.TrimSpace(b.String()), "\n\n") {
		var chunk struct {
			Choices []struct {
				Delta        struct{ Role, Content string }
				FinishReason *string `json:"finish_reason"`
			}
			Usage *struct {
				Total int `json:"total_tokens"`
			}
		}
		data := strings.TrimPrefix(event, "data: ")
		if data == "[DONE]" {
			got = append(got, data)
			continue
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatalf("%q: %v", event, err)
		}
		for _, c := range chunk.Choices {
			end := ""
			if c.FinishReason != nil {
				end = *c.FinishReason
			}
			got = append(got, c.Delta.Role+"|"+c.Delta.Content+"|"+end)
		}
		if chunk.Usage != nil {
			got = append(got, fmt.Sprint("usage ", chunk.Usage.Total))
		}
	}
	if diff := cmp.Diff([]string{"assistant||", "|It is: |", "|q?|", "||stop", "usage 7", "[DONE]"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOpenAIModels(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{})
	for path, want := range map[string]string{"/v1/models": `"data":[{`, "/v1/models/perk": `"id":"perk"`, "/v1/models/other": `"error":{`} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(resp.Body)
		resp.Body.Close()
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s: %s", path, &b)
		}
	}
}

// TestWeaviatesAsk speaks qna-transformers: a key or a whole text, and never an error for what cannot be answered.
func TestWeaviatesAsk(t *testing.T) {
	s := serve(t, newReasoner(), endpoint.Options{})
	for text, want := range map[string]any{"Docs/1": "It is: q?", "two": "It is: q?", "Docs/pending": nil, "Docs/changed": nil, "old text": nil, "unknown": nil, "": nil} {
		body, _ := json.Marshal(map[string]string{"text": text, "question": "q?"})
		status, got := post(t, s.URL+"/answers/", string(body))
		if status != 200 || got[0]["answer"] != want || got[0]["text"] != text || got[0]["question"] != "q?" {
			t.Errorf("%q: %d %v", text, status, got)
		}
	}
	if status, _ := post(t, s.URL+"/answers/", "{"); status != 400 {
		t.Errorf("no JSON: %d", status)
	}
	for _, path := range []string{"/.well-known/ready", "/meta"} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode > 299 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

// TestWriteHook speaks text2vec-transformers.
func TestWriteHook(t *testing.T) {
	var told []string
	s := serve(t, newReasoner(), endpoint.Options{Changed: func(id perk.DocumentID, _ time.Duration) { told = append(told, id.String()) }})
	const uuid = "3b241101-e2bb-4255-8caf-4136c566a962"
	signed := keys(t).Sign(perk.DocumentID{Collection: "Article", Tenant: "acme", UUID: uuid})
	for _, text := range []string{"Some text. Article/" + uuid, "Some text. " + signed, "Article/" + uuid + "#0123456789012345678901 forged", "nothing here"} {
		body, _ := json.Marshal(map[string]any{"text": text, "dims": 0, "vector": nil, "error": "", "config": map[string]string{"task_type": "passage"}})
		status, got := post(t, s.URL+"/vectors", string(body))
		if v, _ := got[0]["vector"].([]any); status != 200 || len(v) != 1 || got[0]["dims"] != 1. {
			t.Errorf("%d %v", status, got)
		}
	}
	if status, got := post(t, s.URL+"/vectors/", "{"); status != 200 || got[0]["vector"] == nil {
		t.Errorf("what nobody can read must not make a write fail: %d %v", status, got)
	}
	if diff := cmp.Diff([]string{"Article/" + uuid, "Article/acme/" + uuid, "/", "/", "/"}, told); diff != "" {
		t.Error(diff)
	}
}
