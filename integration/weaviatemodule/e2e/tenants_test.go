package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk/integration/weaviate/server"
)

// TestTenants has objects with the same uuid and different texts in two tenants, and asks over searches that say the tenant of a hit and searches that
// do not.
func TestTenants(t *testing.T) {
	n := start(t, server.Config{}, shortDir(t))
	n.must(t, http.MethodPost, "/v1/schema", `{"class":"Room","vectorizer":"none","multiTenancyConfig":{"enabled":true},"moduleConfig":{"perk":{}},"properties":[{"name":"content","dataType":["text"]}]}`, nil)
	n.must(t, http.MethodPost, "/v1/schema/Room/tenants", `[{"name":"red"},{"name":"blue"}]`, nil)
	l := newLibrary(11)
	red := l.draw(t, 1, "red", "")
	blue := l.draw(t, 1, "blue", red.place)
	n.put(t, "Room", red, blue)
	for _, s := range []*story{red, blue} {
		eventually(t, time.Minute, "ready", func() bool {
			hits, _ := n.query(t, "Room", fmt.Sprintf("tenant:%q", s.tenant), "perk{key state}")
			return len(hits) == 1 && hits[0].Additional.Perk.State == "ready"
		})
	}
	for _, s := range []*story{red, blue} {
		for name, search := range map[string]string{
			"list": "limit:5", "bm25": `bm25:{query:"Mary"}`, "nearVector": "nearVector:{vector:[1,0.1]}", "hybrid": `hybrid:{query:"Mary", vector:[1,0.1]}`,
		} {
			for _, argument := range []string{"", fmt.Sprintf(", tenant:%q", s.tenant)} {
				t.Run(s.tenant+" "+name+argument, func(t *testing.T) {
					hits, problem := n.query(t, "Room", fmt.Sprintf("tenant:%q, ", s.tenant)+search, perkField(where+argument))
					if len(hits) != 1 || !s.right(hits[0].Additional.Perk) || hits[0].Additional.Perk.Key != "Room/"+s.tenant+"/"+s.uuid {
						t.Errorf("%+v %s, want %s", hits, problem, s.place)
					}
				})
			}
		}
		other := map[string]string{"red": "blue", "blue": "red"}[s.tenant]
		t.Run(s.tenant+" with another tenant's name", func(t *testing.T) {
			hits, problem := n.query(t, "Room", fmt.Sprintf("tenant:%q", s.tenant), perkField(where+fmt.Sprintf(", tenant:%q", other)))
			if len(hits) != 1 || hits[0].Additional.Perk.State != "stale" || hits[0].Additional.Perk.Answer != nil {
				t.Errorf("%+v %s", hits, problem)
			}
		})
	}
	t.Run("a tenant that sleeps keeps its adapters, one that is removed does not", func(t *testing.T) {
		n.must(t, http.MethodPut, "/v1/schema/Room/tenants", `[{"name":"blue","activityStatus":"INACTIVE"}]`, nil)
		n.must(t, http.MethodDelete, "/v1/schema/Room/tenants", `["red"]`, nil)
		body := func(s *story) string {
			return fmt.Sprintf(`{"collection":"Room","tenant":%q,"id":%q,"question":"Where is Mary?"}`, s.tenant, s.uuid)
		}
		if status, text := n.call(t, http.MethodPost, "/v1/modules/perk/ask", body(blue)); status != http.StatusConflict {
			t.Error(status, text)
		}
		if status, text := n.call(t, http.MethodPost, "/v1/modules/perk/ask", body(red)); status != http.StatusNotFound {
			t.Error(status, text)
		}
		eventually(t, time.Minute, "removed", func() bool { return strings.Join(n.adapters(t), " ") == "Room/blue/"+blue.uuid })
		n.must(t, http.MethodPut, "/v1/schema/Room/tenants", `[{"name":"blue","activityStatus":"ACTIVE"}]`, nil)
		var a answer
		n.must(t, http.MethodPost, "/v1/modules/perk/ask", body(blue), &a)
		if !blue.right(a) {
			t.Errorf("%+v, want %s", a, blue.place)
		}
	})
	t.Run("a collection that is dropped", func(t *testing.T) {
		n.must(t, http.MethodDelete, "/v1/schema/Room", "", nil)
		eventually(t, time.Minute, "removed", func() bool { return len(n.adapters(t)) == 0 })
	})
}
