package endpoint_test

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
	"github.com/perkdb/perk/internal/docref"
	"github.com/perkdb/perk/plugin"
)

// texts is a perk.Source over uuid -> text.
type texts map[string]string

func (s texts) Document(_ context.Context, id perk.DocumentID) (perk.Document, error) {
	if id.UUID == "down" {
		return perk.Document{}, perk.Errorf(perk.EUnavailable, "weaviate", "connection refused")
	}
	text, ok := s[id.UUID]
	if !ok {
		return perk.Document{}, perk.Errorf(perk.ENotFound, "weaviate", "no object %s", id)
	}
	return perk.Document{ID: id, Text: text}, nil
}

func (s texts) Scan(context.Context, string) iter.Seq2[perk.Scanned, error] { return nil }
func (s texts) Count(context.Context) (int, error)                          { return len(s), nil }

// reasoner answers with the question from adapters written from these texts, in two pieces.
type reasoner struct {
	written map[string]string
	asked   []perk.Question
	breakAt int // pieces before it fails; 0: never
}

func (r *reasoner) Ask(_ context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	r.asked = append(r.asked, q)
	text, ok := r.written[q.Document.UUID]
	switch {
	case !ok:
		return nil, perk.Errorf(perk.ENotFound, "reasoner", "no adapter")
	case perk.ContentHash(text) != q.Content:
		return nil, perk.Errorf(perk.EStale, "reasoner", "other text")
	}
	if least := q.Options.MinConfidence; emit != nil && (least == nil || *least == 0) {
		for i, piece := range []string{"It is: ", q.Text} {
			if r.breakAt > 0 && i == r.breakAt {
				return nil, perk.Errorf(perk.EUnavailable, "plugin", "process died")
			}
			if err := emit(piece); err != nil {
				return nil, err
			}
		}
	}
	if least := q.Options.MinConfidence; least != nil && *least > 0.5 {
		return &perk.Answer{Text: "It is: " + q.Text, Support: []perk.Fact{{Text: "one"}, {Text: "two"}}, Confidence: 0.5, MinConfidence: *least, NotInDocument: true}, nil
	}
	return &perk.Answer{Text: "It is: " + q.Text, Probability: 0.5, Tokens: 7, Stopped: "end", Adapter: perk.AdapterInfo{Content: q.Content}}, nil
}

// serving serves the one collection Docs.
func serving(docs texts) endpoint.Sources {
	return func(collection string) perk.Source {
		if collection != "Docs" || docs == nil {
			return nil
		}
		return docs
	}
}

// AskAll and Find complete an endpoint.Asker.
func (r *reasoner) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	return plugin.AskEach(ctx, r, 1, questions, done)
}

func (r *reasoner) Find(_ context.Context, content perk.Hash) (ids []perk.DocumentID, err error) {
	for uuid, text := range r.written {
		if perk.ContentHash(text) == content {
			ids = append(ids, perk.DocumentID{Collection: "Docs", UUID: uuid})
		}
	}
	return ids, nil
}

// keys signs and reads the keys of all tests.
func keys(t testing.TB) *docref.Signer {
	t.Helper()
	k, err := docref.New([]byte("a secret of the tests"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serve serves without signatures.
func serve(t *testing.T, r endpoint.Asker, o endpoint.Options) *httptest.Server {
	t.Helper()
	o.Keys, o.Unsigned = keys(t), true
	src := texts{"1": "one", "changed": "new text", "pending": "p", "2": "two"}
	s := httptest.NewServer(endpoint.New(r, serving(src), o, zerolog.Nop()))
	t.Cleanup(s.Close)
	return s
}

func newReasoner() *reasoner {
	return &reasoner{written: map[string]string{"1": "one", "changed": "old text", "2": "two", "gone": "x", "down": "y"}}
}

// post gives the status and the lines of the reply.
func post(t *testing.T, url, body string, header ...string) (int, []map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var lines []map[string]any
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		var v map[string]any
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		lines = append(lines, v)
	}
	return resp.StatusCode, lines
}
