package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/weaviate/weaviate/grpc/generated/protocol/v1"

	"github.com/perkdb/perk/integration/weaviate/server"
)

// status is GET status as text.
func (n *node) status(t testing.TB) string {
	t.Helper()
	var body json.RawMessage
	n.must(t, http.MethodGet, "/v1/modules/perk/status", "", &body)
	return string(body)
}

// TestAccess has a server with keys and RBAC: a root, a reader of one collection, and one who may nothing.
func TestAccess(t *testing.T) {
	root := start(t, server.Config{APIKey: "root-key"}, shortDir(t),
		"AUTHENTICATION_APIKEY_ALLOWED_KEYS=root-key,reader-key,nobody-key", "AUTHENTICATION_APIKEY_USERS=root,reader,nobody",
		"AUTHORIZATION_RBAC_ENABLED=true", "AUTHORIZATION_RBAC_ROOT_USERS=root")
	for _, name := range []string{"Story", "Secret"} {
		root.must(t, http.MethodPost, "/v1/schema", strings.Replace(class, "Story", name, 1), nil)
	}
	root.must(t, http.MethodPost, "/v1/authz/roles", `{"name":"readStory","permissions":[
		{"action":"read_data","data":{"collection":"Story"}},{"action":"read_collections","collections":{"collection":"*"}}]}`, nil)
	root.must(t, http.MethodPost, "/v1/authz/users/reader/assign", `{"roles":["readStory"],"userType":"db"}`, nil)
	l := newLibrary(17)
	open, secret := l.draw(t, 1, "", ""), l.draw(t, 2, "", "")
	root.put(t, "Story", open)
	root.put(t, "Secret", secret)
	eventually(t, time.Minute, "ready", func() bool { return len(root.adapters(t)) == 2 })

	ask := func(class string, s *story) string {
		return fmt.Sprintf(`{"collection":%q,"id":%q,"question":"Where is Mary?"}`, class, s.uuid)
	}
	for _, c := range []struct{ method, path, body, want string }{ // want: status for root, reader, nobody, wrong key, no key
		{http.MethodGet, "/status", "", "200 403 403 401 401"},
		{http.MethodPost, "/ask", ask("Story", open), "200 200 403 401 401"},
		{http.MethodPost, "/ask", ask("Secret", secret), "200 403 403 401 401"},
		{http.MethodPost, "/ask", ask("Story", secret), "404 404 403 401 401"},
		{http.MethodGet, "/documents?collection=Story", "", "200 200 403 401 401"},
		{http.MethodGet, "/documents?collection=Secret", "", "200 403 403 401 401"},
		{http.MethodPost, "/index", `{"collection":"Story"}`, "200 403 403 401 401"},
		{http.MethodPost, "/ask", `{"collection":"Story","id":"x","question":"q","more":1}`, "422 422 422 401 401"},
	} {
		var got []string
		for _, key := range []string{"root-key", "reader-key", "nobody-key", "wrong-key", ""} {
			status, text := root.as(key).call(t, c.method, "/v1/modules/perk"+c.path, c.body)
			got = append(got, fmt.Sprint(status))
			if status > 299 && strings.Contains(text, secret.place) {
				t.Errorf("%s for %q tells %s", c.path, key, text)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s %s: %v, want %s", c.method, c.path, c.body, got, c.want)
		}
	}

	reader := root.as("reader-key")
	t.Run("GraphQL", func(t *testing.T) {
		hits, problem := reader.query(t, "Story", "limit:5", perkField(where))
		if len(hits) != 1 || !open.right(hits[0].Additional.Perk) {
			t.Errorf("%+v %s, want %s", hits, problem, open.place)
		}
		if hits, problem := reader.query(t, "Secret", "limit:5", perkField(where)); len(hits) != 0 || !strings.Contains(problem, "forbidden") {
			t.Errorf("%+v %s", hits, problem)
		}
	})
	t.Run("gRPC", func(t *testing.T) {
		request := func(name string) *pb.SearchRequest {
			return &pb.SearchRequest{Collection: name, Limit: 5, Generative: &pb.GenerativeSearch{Single: &pb.GenerativeSearch_Single{Prompt: "Where is Mary?"}}}
		}
		reply, err := reader.search(t, request("Story"))
		if err != nil || len(reply.Results) != 1 || reply.Results[0].Generative.GetValues()[0].Result == "" {
			t.Errorf("%v %v", reply, err)
		}
		for _, key := range []string{"reader-key", "nobody-key", "wrong-key", ""} {
			if reply, err := root.as(key).search(t, request("Secret")); err == nil {
				t.Errorf("%q got %v", key, reply)
			}
		}
	})
	t.Run("generate finds no adapter of a document that the caller may not read", func(t *testing.T) {
		// The same text in a class that the reader may read, which has no adapter of its own.
		root.must(t, http.MethodPost, "/v1/modules/perk/index", `{"collection":"Story","action":"pause"}`, nil)
		eventually(t, 10*time.Second, "paused", func() bool { return strings.Contains(root.status(t), `"paused":true`) })
		copied := *secret
		root.put(t, "Story", &copied)
		search := fmt.Sprintf(`where:{path:["id"], operator:Equal, valueText:%q}`, copied.uuid)
		const generate = `generate(singleResult:{prompt:"{content} Where is Mary?"}){singleResult error}`
		hits, problem := reader.query(t, "Story", search, generate)
		if len(hits) != 1 || hits[0].Additional.Generate.SingleResult != "" || !strings.Contains(hits[0].Additional.Generate.Error, "pending") {
			t.Errorf("reader: %+v %s", hits, problem)
		}
		hits, problem = root.query(t, "Story", search, generate)
		if len(hits) != 1 || hits[0].Additional.Generate.SingleResult == "" {
			t.Errorf("root: %+v %s", hits, problem)
		}
	})
	t.Run("a tenant with the same object as another's", func(t *testing.T) {
		root.must(t, http.MethodPost, "/v1/schema", strings.Replace(strings.Replace(class, "Story", "Room", 1), `"vectorizer"`, `"multiTenancyConfig":{"enabled":true},"vectorizer"`, 1), nil)
		root.must(t, http.MethodPost, "/v1/schema/Room/tenants", `[{"name":"red"},{"name":"blue"}]`, nil)
		root.must(t, http.MethodPost, "/v1/authz/roles", `{"name":"readRed","permissions":[{"action":"read_data","data":{"collection":"Room","tenant":"red"}}]}`, nil)
		root.must(t, http.MethodPost, "/v1/authz/users/reader/assign", `{"roles":["readRed"],"userType":"db"}`, nil)
		red := l.draw(t, 3, "red", "")
		blue := *red
		blue.tenant = "blue"
		root.put(t, "Room", red, &blue)
		eventually(t, time.Minute, "ready", func() bool { return strings.Count(strings.Join(root.adapters(t), " "), "Room/") == 2 })
		const near = `tenant:"red", nearVector:{vector:[1,0.1]}`
		hits, problem := reader.query(t, "Room", near, perkField(where))
		if len(hits) != 1 || !red.right(hits[0].Additional.Perk) || hits[0].Additional.Perk.Key != "Room/red/"+red.uuid {
			t.Errorf("%+v %s", hits, problem)
		}
		hits, problem = reader.query(t, "Room", near, perkField(where+`, tenant:"blue"`))
		if len(hits) != 1 || hits[0].Additional.Perk.Answer != nil || hits[0].Additional.Perk.State != "failed" {
			t.Errorf("%+v %s", hits, problem)
		}
		body := fmt.Sprintf(`{"collection":"Room","tenant":"blue","id":%q,"question":"Where is Mary?"}`, red.uuid)
		if status, text := reader.call(t, http.MethodPost, "/v1/modules/perk/ask", body); status != http.StatusForbidden {
			t.Error(status, text)
		}
	})
}
