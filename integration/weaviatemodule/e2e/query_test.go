package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/weaviate/server"
)

const class = `{"class":"Story","vectorizer":"none","moduleConfig":{"perk":{}},"properties":[{"name":"content","dataType":["text"]},{"name":"docRef","dataType":["text"]}]}`

// TestQueries asks on one server over every kind of search, and follows a document through its states.
func TestQueries(t *testing.T) {
	n := start(t, server.Config{}, shortDir(t))
	n.must(t, http.MethodPost, "/v1/schema", class, nil)
	n.must(t, http.MethodPost, "/v1/schema", `{"class":"Bare","vectorizer":"none","properties":[{"name":"content","dataType":["text"]}]}`, nil)
	l := newLibrary(7)
	stories := map[string]*story{}
	var all []*story
	for i := range 12 {
		s := l.draw(t, i, "", "")
		stories[s.uuid], all = s, append(all, s)
	}
	n.put(t, "Story", all...)
	n.put(t, "Bare", all[0])
	ready := func() bool {
		hits, problem := n.query(t, "Story", "limit:20", "perk{key state}")
		count := 0
		for _, h := range hits {
			if h.Additional.Perk.State == "ready" {
				count++
			}
		}
		return problem == "" && count == len(all)
	}
	eventually(t, time.Minute, "ready", ready)

	for name, search := range map[string]string{
		"list":       "limit:10",
		"bm25":       `bm25:{query:"Mary"}, limit:10`,
		"where":      `where:{path:["content"], operator:Like, valueText:"*mary*"}, limit:10`,
		"nearVector": `nearVector:{vector:[1,0.1]}, limit:10`,
		"hybrid":     `hybrid:{query:"Mary", vector:[1,0.1], alpha:0.5}, limit:10`,
	} {
		t.Run(name, func(t *testing.T) {
			hits, problem := n.query(t, "Story", search, perkField(where))
			right := 0
			for _, h := range hits {
				a := h.Additional.Perk
				if a.Key != "Story/"+h.Additional.ID || a.Confidence == nil {
					t.Errorf("%+v", a)
				}
				if stories[h.Additional.ID].right(a) {
					right++
				}
			}
			if len(hits) != 10 || right < 8 {
				t.Errorf("%d of %d right %s", right, len(hits), problem)
			}
		})
	}
	t.Run("a class without a config is not encoded by itself", func(t *testing.T) {
		hits, problem := n.query(t, "Bare", "limit:1", perkField(where))
		if len(hits) != 1 || hits[0].Additional.Perk.State != "pending" || hits[0].Additional.Perk.Answer != nil {
			t.Errorf("%+v %s", hits, problem)
		}
		n.must(t, http.MethodPost, "/v1/modules/perk/index", `{"collection":"Bare"}`, nil)
		eventually(t, time.Minute, "encoded", func() bool {
			hits, _ := n.query(t, "Bare", "limit:1", perkField(where))
			return len(hits) == 1 && all[0].right(hits[0].Additional.Perk)
		})
	})
	t.Run("an update is never answered from the old text", func(t *testing.T) {
		s := l.draw(t, 0, "", all[0].place)
		n.must(t, http.MethodPut, "/v1/objects/Story/"+s.uuid, s.object("Story"), nil)
		seen := map[string]bool{}
		eventually(t, time.Minute, "answered from the new text", func() bool {
			hits, problem := n.query(t, "Story", fmt.Sprintf(`where:{path:["id"], operator:Equal, valueText:%q}`, s.uuid), perkField(where))
			if len(hits) != 1 {
				t.Fatal(problem)
			}
			a := hits[0].Additional.Perk
			seen[a.State] = true
			if all[0].right(a) {
				t.Errorf("answered %q, which was true before", *a.Answer)
			}
			return a.State == "ready"
		})
		t.Log(seen)
	})
	t.Run("REST include gives the state", func(t *testing.T) {
		status, text := n.call(t, http.MethodGet, "/v1/objects/Story/"+all[1].uuid+"?include=perk", "")
		if status != 200 || !strings.Contains(text, `"state":"ready"`) {
			t.Error(status, text)
		}
	})
	t.Run("a wrong argument", func(t *testing.T) {
		if _, problem := n.query(t, "Story", "limit:1", perkField(where+", maxTokens:0")); !strings.Contains(problem, "maxTokens") {
			t.Error(problem)
		}
	})
	t.Run("a deleted object", func(t *testing.T) {
		n.must(t, http.MethodDelete, "/v1/objects/Story/"+all[2].uuid, "", nil)
		status, text := n.call(t, http.MethodPost, "/v1/modules/perk/ask", fmt.Sprintf(`{"collection":"Story","id":%q,"question":"Where is Mary?"}`, all[2].uuid))
		if status != http.StatusNotFound {
			t.Error(status, text)
		}
	})
}
