package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "github.com/weaviate/weaviate/grpc/generated/protocol/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/perkdb/perk/integration/weaviate/server"
)

// of asks one object.
func (n *node) of(t testing.TB, class, uuid string) answer {
	t.Helper()
	hits, problem := n.query(t, class, fmt.Sprintf(`where:{path:["id"], operator:Equal, valueText:%q}`, uuid), perkField(where))
	if len(hits) != 1 {
		t.Fatalf("%d objects %s %s", len(hits), uuid, problem)
	}
	return hits[0].Additional.Perk
}

// TestHook writes and deletes in every way that Weaviate has. The next pass is an hour away: what follows the writes does so by the hook.
func TestHook(t *testing.T) {
	n := start(t, server.Config{}, shortDir(t), "PERK_INTERVAL=1h")
	n.must(t, http.MethodPost, "/v1/schema", class, nil)
	l := newLibrary(37)
	n.put(t, "Story", l.draw(t, 0, "", ""))
	eventually(t, time.Minute, "followed", func() bool { return len(n.adapters(t)) == 1 })
	follows := func(s *story) {
		t.Helper()
		eventually(t, 20*time.Second, "ready", func() bool { return n.of(t, "Story", s.uuid).State == "ready" })
		if a := n.of(t, "Story", s.uuid); !s.right(a) {
			t.Errorf("%+v, want %s", a, s.place)
		}
	}
	gone := func(s *story) {
		t.Helper()
		eventually(t, 20*time.Second, "removed", func() bool { return !strings.Contains(strings.Join(n.adapters(t), " "), s.uuid) })
	}
	one, two, three := l.draw(t, 1, "", ""), l.draw(t, 2, "", ""), l.draw(t, 3, "", "")
	t.Run("post, put and patch", func(t *testing.T) {
		n.must(t, http.MethodPost, "/v1/objects", one.object("Story"), nil)
		follows(one)
		one = l.draw(t, 1, "", one.place)
		n.must(t, http.MethodPut, "/v1/objects/Story/"+one.uuid, one.object("Story"), nil)
		follows(one)
		one = l.draw(t, 1, "", one.place)
		n.must(t, http.MethodPatch, "/v1/objects/Story/"+one.uuid, one.object("Story"), nil)
		follows(one)
	})
	t.Run("batches over REST and gRPC", func(t *testing.T) {
		n.put(t, "Story", two)
		follows(two)
		conn, err := grpc.NewClient(n.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		properties, err := structpb.NewStruct(map[string]any{"content": three.text})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := pb.NewWeaviateClient(conn).BatchObjects(t.Context(), &pb.BatchObjectsRequest{Objects: []*pb.BatchObject{
			{Uuid: three.uuid, Collection: "Story", Properties: &pb.BatchObject_Properties{NonRefProperties: properties}},
		}})
		if err != nil || len(reply.Errors) > 0 {
			t.Fatal(reply, err)
		}
		follows(three)
	})
	t.Run("what cannot be encoded says why", func(t *testing.T) {
		blank := *l.draw(t, 4, "", "")
		blank.text = " \n "
		n.put(t, "Story", &blank)
		eventually(t, 20*time.Second, "failed", func() bool { return n.of(t, "Story", blank.uuid).State == "failed" })
		if a := n.of(t, "Story", blank.uuid); !strings.Contains(a.Reason, "is empty") {
			t.Errorf("%+v", a)
		}
	})
	t.Run("deletes, and the bytes on disk", func(t *testing.T) {
		stored := filepath.Join(t.TempDir(), "adapter")
		if out, err := exec.Command(program(), "adapter", "export", "Story/"+one.uuid, "--data", n.home, "--out", stored).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		payload, err := os.ReadFile(stored)
		if err != nil {
			t.Fatal(err)
		}
		piece := payload[len(payload)/2:][:64]
		if files := holding(t, n.home, piece); len(files) == 0 {
			t.Fatal("the adapter's bytes are nowhere, so that their end cannot be seen")
		}
		n.must(t, http.MethodDelete, "/v1/objects/Story/"+one.uuid, "", nil)
		gone(one)
		n.must(t, http.MethodDelete, "/v1/batch/objects", fmt.Sprintf(
			`{"match":{"class":"Story","where":{"path":["id"],"operator":"Equal","valueText":%q}}}`, two.uuid), nil)
		gone(two)
		if out, err := exec.Command(program(), "adapter", "rm", "Story/"+three.uuid, "--data", n.home).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		if files := holding(t, n.home, piece); len(files) != 0 {
			t.Errorf("the deleted adapter's bytes are still in %v", files)
		}
	})
}

// holding lists the files that hold the bytes.
func holding(t *testing.T, dir string, piece []byte) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, piece) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestBounds gives queries fewer adapters and less time than they have hits.
func TestBounds(t *testing.T) {
	dir, home := t.TempDir(), shortDir(t)
	port := pairs(t, 1)[0]
	n := start(t, server.Config{Dir: dir}, home, "PERK_QUERY_ADAPTERS=3", "PROMETHEUS_MONITORING_ENABLED=true", fmt.Sprint("PROMETHEUS_MONITORING_PORT=", port))
	n.must(t, http.MethodPost, "/v1/schema", class, nil)
	n.must(t, http.MethodPost, "/v1/schema", strings.NewReplacer("Story", "Other", `"perk":{}`, `"perk":{"model":"another"}`).Replace(class), nil)
	l := newLibrary(41)
	var all []*story
	for i := range 5 {
		all = append(all, l.draw(t, i, "", ""))
	}
	n.put(t, "Story", all...)
	n.put(t, "Other", all[0])
	eventually(t, time.Minute, "ready", func() bool { return strings.Count(strings.Join(n.adapters(t), " "), "Story/") == len(all) })
	n.must(t, http.MethodPost, "/v1/schema", strings.NewReplacer("Story", "Typo", `"perk":{}`, `"perk":{"propertys":["content"]}`).Replace(class), nil)
	var told struct{ Refused map[string]string }
	eventually(t, 20*time.Second, "told of the classes that are not followed", func() bool {
		n.must(t, http.MethodGet, "/v1/modules/perk/status", "", &told)
		return len(told.Refused) == 2 && strings.Contains(told.Refused["Typo"], `"propertys"`) && strings.Contains(told.Refused["Other"], `"another"`)
	})
	if got := strings.Join(n.adapters(t), " "); strings.Contains(got, "Other/") {
		t.Errorf("adapters of a class that wants another model: %s", got)
	}
	states := func(n *node, reason string) string {
		hits, problem := n.query(t, "Story", "limit:10", perkField(where))
		var states []string
		for _, h := range hits {
			a := h.Additional.Perk
			states = append(states, a.State)
			if a.State == "unanswered" && !strings.Contains(a.Reason, reason) {
				t.Errorf("%+v, want %q", a, reason)
			}
		}
		return strings.Join(states, " ") + problem
	}
	if got := states(n, "at most 3 adapters"); got != "ready ready ready unanswered unanswered" {
		t.Error(got)
	}
	if a := n.of(t, "Other", all[0].uuid); a.State != "failed" || !strings.Contains(a.Reason, `"another"`) || a.Answer != nil {
		t.Errorf("a class of another model: %+v", a)
	}
	var page struct {
		Documents []answer
		After     string
	}
	n.must(t, http.MethodGet, "/v1/modules/perk/documents?collection=Story&limit=3", "", &page)
	first := page
	page.Documents, page.After = nil, ""
	n.must(t, http.MethodGet, "/v1/modules/perk/documents?collection=Story&limit=3&after="+first.After, "", &page)
	if len(first.Documents) != 3 || len(page.Documents) != 2 || page.After != "" || page.Documents[1].State != "ready" {
		t.Errorf("%+v\n%+v", first, page)
	}
	scraped, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Fatal(err)
	}
	figures, err := io.ReadAll(scraped.Body)
	scraped.Body.Close()
	for _, want := range []string{`perk_documents{collection="Story",state="ready"} 5`, `perk_questions_total{outcome="ok"} 3`, `perk_encoded_total{collection="Story"} 5`} {
		if err != nil || !strings.Contains(string(figures), want) {
			t.Errorf("Weaviate's metrics lack %s: %v", want, err)
		}
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	n = start(t, server.Config{Dir: dir}, home, "PERK_QUERY_DEADLINE=1ns")
	if got := states(n, "no answer in 1ns"); got != strings.TrimSpace(strings.Repeat("unanswered ", len(all))) {
		t.Error(got)
	}
	status, text := n.call(t, http.MethodGet, "/v1/objects?include=perk", "") // of two classes
	var list struct{ Objects []json.RawMessage }
	if err := json.Unmarshal([]byte(text), &list); err != nil || status != http.StatusOK || len(list.Objects) != len(all)+1 {
		t.Error(status, text)
	}
}
