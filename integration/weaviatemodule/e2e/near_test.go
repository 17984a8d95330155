package e2e_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	pb "github.com/weaviate/weaviate/grpc/generated/protocol/v1"

	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/internal/task"
)

// vectorizer speaks the protocol of text2vec-transformers, whose containers need a network to come from: a text's vector is that of its words, each
// hashed to a dimension, so that the nearest text is the one with the most words in common.
func vectorizer(t *testing.T) string {
	t.Helper()
	const dims = 256
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/ready", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /meta", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	mux.HandleFunc("POST /vectors", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Text string }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		vector := make([]float64, dims)
		for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
			at := 0
			for _, c := range strings.Trim(word, ".,") {
				at = (at*31 + int(c)) % dims
			}
			vector[at]++
		}
		norm := 1e-9
		for _, v := range vector {
			norm += v * v
		}
		for i := range vector {
			vector[i] /= math.Sqrt(norm)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"text": q.Text, "dims": dims, "vector": vector}) // the server is gone: nobody is left to tell
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestNearText asks the hits of nearText, which do not say their tenant, and of hybrid queries whose vector the server makes: over GraphQL, and by `generate` over gRPC.
func TestNearText(t *testing.T) {
	n := start(t, server.Config{}, shortDir(t), "ENABLE_MODULES=perk,generative-perk,text2vec-transformers", "TRANSFORMERS_INFERENCE_API="+vectorizer(t))
	const form = `{"class":%q,"vectorizer":"text2vec-transformers","multiTenancyConfig":{"enabled":%v},"moduleConfig":{"perk":{},"generative-perk":{},
		"text2vec-transformers":{"vectorizeClassName":false}},"properties":[{"name":"content","dataType":["text"]}]}`
	n.must(t, http.MethodPost, "/v1/schema", fmt.Sprintf(form, "Tale", false), nil)
	n.must(t, http.MethodPost, "/v1/schema", fmt.Sprintf(form, "Room", true), nil)
	n.must(t, http.MethodPost, "/v1/schema/Room/tenants", `[{"name":"red"},{"name":"blue"}]`, nil)
	l := newLibrary(17)
	one, two := l.draw(t, 1, "", ""), l.draw(t, 2, "", "")
	red := l.draw(t, 1, "red", "")
	blue := l.draw(t, 1, "blue", red.place)
	for class, stories := range map[string][]*story{"Tale": {one, two}, "Room": {red, blue}} {
		for _, s := range stories { // without the vectors that the library gives
			text, _ := json.Marshal(s.text) // a string always can be
			n.must(t, http.MethodPost, "/v1/objects", fmt.Sprintf(`{"class":%q,"id":%q,"tenant":%q,"properties":{"content":%s}}`, class, s.uuid, s.tenant, text), nil)
		}
	}
	eventually(t, time.Minute, "ready", func() bool { return len(n.adapters(t)) == 4 })
	concept := func(s *story) string {
		text, _ := json.Marshal(s.text)
		return string(text)
	}
	for name, search := range map[string]string{"nearText": `nearText:{concepts:[%s]}, limit:1`, "hybrid": `hybrid:{query:%s, alpha:1}, limit:1`} {
		for _, s := range []*story{one, two, red, blue} {
			t.Run(name+" "+s.tenant, func(t *testing.T) {
				class, tenant, key := "Tale", "", "Tale/"+s.uuid
				if s.tenant != "" {
					class, tenant, key = "Room", fmt.Sprintf("tenant:%q, ", s.tenant), "Room/"+s.tenant+"/"+s.uuid
				}
				hits, problem := n.query(t, class, tenant+fmt.Sprintf(search, concept(s)), perkField(where))
				if len(hits) != 1 || hits[0].Additional.ID != s.uuid || hits[0].Additional.Perk.Key != key || !s.right(hits[0].Additional.Perk) {
					t.Errorf("%+v %s, want %s of %s", hits, problem, s.place, key)
				}
			})
		}
	}
	t.Run("generate over gRPC", func(t *testing.T) {
		reply, err := n.search(t, &pb.SearchRequest{
			Collection: "Tale", Limit: 1, NearText: &pb.NearTextSearch{Query: []string{two.text}},
			Generative: &pb.GenerativeSearch{Single: &pb.GenerativeSearch_Single{Prompt: "{content} Where is Mary?"}},
			Metadata:   &pb.MetadataRequest{Uuid: true},
		})
		if err != nil || len(reply.Results) != 1 || reply.Results[0].Metadata.Id != two.uuid ||
			task.EM(reply.Results[0].Generative.Values[0].Result, []string{two.place}) != 1 {
			t.Errorf("%v, %v, want %s", reply, err, two.place)
		}
	})
}
