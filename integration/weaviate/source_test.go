package weaviate_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/integration/weaviate/server"
)

const key = "test-key"

func TestMain(m *testing.M) {
	if os.Getenv("PERK_E2E") == "1" {
		if _, err := server.Build(context.Background(), "../../build/bin"); err != nil { // needs the network, so before the isolation
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if status, ran := server.Isolate(); ran {
			os.Exit(status)
		}
	}
	os.Exit(m.Run())
}

// start runs a real Weaviate that wants a key.
func start(t *testing.T) (*server.Server, *weaviate.Client) {
	t.Helper()
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: set PERK_E2E=1")
	}
	binary, err := server.Build(t.Context(), "../../build/bin")
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(t.Context(), server.Config{Binary: binary, Dir: t.TempDir(), APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s, connect(t, s, 0)
}

func connect(t *testing.T, s *server.Server, maxReply int64) *weaviate.Client {
	t.Helper()
	c, err := weaviate.Connect(weaviate.Server{Endpoint: s.Endpoint(), APIKey: key, MaxReply: maxReply})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rest sends what the package has no call for.
func rest(t *testing.T, s *server.Server, method, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		var b bytes.Buffer
		_, _ = b.ReadFrom(resp.Body)
		t.Fatalf("%s %s: %s %s", method, path, resp.Status, b.String())
	}
}

func doc(collection, tenant string, n int, text string) perk.Document {
	return perk.Document{ID: perk.DocumentID{Collection: collection, Tenant: tenant, UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", n)}, Text: text}
}

func TestUUID(t *testing.T) {
	if a, b := weaviate.UUID("a"), weaviate.UUID("b"); a == b || a != weaviate.UUID("a") || len(a) != 36 {
		t.Error(a, b)
	}
}

func open(t *testing.T, c *weaviate.Client, config weaviate.Config) *weaviate.Source {
	t.Helper()
	s, err := c.Open(t.Context(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scan gives "key=length of text", and the cursors.
func scan(t *testing.T, s *weaviate.Source, after string) (got, cursors []string) {
	t.Helper()
	for d, err := range s.Scan(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(d.Document.ID, "=", len(d.Document.Text)))
		cursors = append(cursors, d.Cursor)
	}
	return got, cursors
}

func TestRealWeaviate(t *testing.T) {
	node, c := start(t)

	t.Run("pages", func(t *testing.T) {
		if err := c.CreateCollection(t.Context(), weaviate.Collection{Name: "Pages", Endpoint: "http://127.0.0.1:1", Model: "perk"}); err != nil {
			t.Fatal(err)
		}
		var docs []perk.Document
		var want []string
		for i := range 60 { // the larger ones make a page of the first size exceed MaxReply
			d := doc("Pages", "", i*1000+1, strings.Repeat("word ", 100+i%7*20_000))
			docs, want = append(docs, d), append(want, fmt.Sprint(d.ID, "=", len(d.Text)))
		}
		if err := c.Put(t.Context(), docs...); err != nil {
			t.Fatal(err)
		}
		s := open(t, connect(t, node, 1<<20), weaviate.Config{Collection: "Pages", PageBytes: 300_000})
		got, cursors := scan(t, s, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got, _ := scan(t, s, cursors[24]); !cmp.Equal(want[25:], got) {
			t.Errorf("after a cursor: %v", got)
		}
		if n, err := s.Count(t.Context()); n != 60 || err != nil {
			t.Error(n, err)
		}
		var names, all []string
		for id, err := range s.Names(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, id.String())
		}
		for _, d := range docs {
			all = append(all, d.ID.String())
		}
		if diff := cmp.Diff(all, names); diff != "" {
			t.Error(diff)
		}
		if d, err := s.Document(t.Context(), docs[3].ID); err != nil || d != docs[3] {
			t.Errorf("%d bytes, %v", len(d.Text), err)
		}
		if err := c.Delete(t.Context(), docs[3].ID); err != nil {
			t.Error(err)
		}
		for _, id := range []perk.DocumentID{docs[3].ID, {Collection: "Pages", UUID: "../schema"}, {Collection: "Other", UUID: docs[4].ID.UUID}} {
			if _, err := s.Document(t.Context(), id); perk.ErrorCode(err) != perk.ENotFound {
				t.Errorf("%v: %v", id, err)
			}
		}
	})

	t.Run("tenants", func(t *testing.T) {
		if err := c.CreateCollection(t.Context(), weaviate.Collection{Name: "Rooms", Tenants: true, Endpoint: "http://127.0.0.1:1", Model: "perk"}); err != nil {
			t.Fatal(err)
		}
		rest(t, node, http.MethodPost, "/v1/schema/Rooms/tenants", `[{"name":"beta"},{"name":"alpha"},{"name":"sleeper"}]`)
		var docs []perk.Document
		for _, tenant := range []string{"alpha", "beta", "sleeper"} {
			docs = append(docs, doc("Rooms", tenant, 1, "one of "+tenant), doc("Rooms", tenant, 2, "two"))
		}
		if err := c.Put(t.Context(), docs...); err != nil {
			t.Fatal(err)
		}
		rest(t, node, http.MethodPut, "/v1/schema/Rooms/tenants", `[{"name":"sleeper","activityStatus":"INACTIVE"}]`)
		s := open(t, c, weaviate.Config{Collection: "Rooms"})
		got, cursors := scan(t, s, "")
		want := []string{fmt.Sprint(docs[0].ID, "=12"), fmt.Sprint(docs[1].ID, "=3"), fmt.Sprint(docs[2].ID, "=11"), fmt.Sprint(docs[3].ID, "=3")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for i := range cursors {
			if got, _ := scan(t, s, cursors[i]); !cmp.Equal(append([]string{}, want[i+1:]...), append([]string{}, got...)) {
				t.Errorf("after %s: %v", cursors[i], got)
			}
		}
		if n, err := s.Count(t.Context()); n != 4 || err != nil {
			t.Error(n, err)
		}
		for tenant, n := range map[string]int{"beta": 2, "sleeper": 0, "nobody": 0} {
			names, failed := 0, false
			for _, err := range s.Names(t.Context(), tenant) {
				if failed = err != nil; !failed {
					names++
				}
			}
			if names != n || failed != (n == 0) {
				t.Errorf("%d names of %s, failed %v", names, tenant, failed)
			}
		}
		if got, _ := scan(t, open(t, c, weaviate.Config{Collection: "Rooms", Tenant: "beta"}), ""); !cmp.Equal(want[2:], got) {
			t.Errorf("one tenant: %v", got)
		}
		for tenant, code := range map[string]perk.Code{"sleeper": perk.EConflict, "nobody": perk.ENotFound, "alpha": ""} {
			if _, err := s.Document(t.Context(), doc("Rooms", tenant, 1, "").ID); perk.ErrorCode(err) != code {
				t.Errorf("%s: %v, want %q", tenant, err, code)
			}
		}
	})

	t.Run("changes", func(t *testing.T) {
		rest(t, node, http.MethodPost, "/v1/schema", `{"class":"Timed","vectorizer":"none","invertedIndexConfig":{"indexTimestamps":true},"multiTenancyConfig":{"enabled":true},
			"properties":[{"name":"content","dataType":["text"]},{"name":"docRef","dataType":["text"],"tokenization":"field"}]}`)
		rest(t, node, http.MethodPost, "/v1/schema/Timed/tenants", `[{"name":"alpha"},{"name":"beta"},{"name":"sleeper"}]`)
		old := []perk.Document{doc("Timed", "alpha", 1, "one"), doc("Timed", "beta", 1, "one"), doc("Timed", "beta", 2, "two"), doc("Timed", "sleeper", 1, "zzz")}
		if err := c.Put(t.Context(), old...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		since := time.Now()
		time.Sleep(20 * time.Millisecond)
		changed := []perk.Document{doc("Timed", "alpha", 2, "new"), doc("Timed", "beta", 1, "changed"), doc("Timed", "sleeper", 1, "changed")}
		if err := c.Put(t.Context(), changed...); err != nil {
			t.Fatal(err)
		}
		rest(t, node, http.MethodPut, "/v1/schema/Timed/tenants", `[{"name":"sleeper","activityStatus":"INACTIVE"}]`)
		list := func(s *weaviate.Source, since time.Time) (got []string, err error) {
			err = s.Changed(t.Context(), since, func(id perk.DocumentID, at time.Time) {
				if at.Before(since) || at.After(time.Now().Add(time.Second)) {
					t.Errorf("%s changed at %v", id, at)
				}
				got = append(got, id.String())
			})
			return got, err
		}
		s := open(t, c, weaviate.Config{Collection: "Timed"})
		got, err := list(s, since)
		if diff := cmp.Diff([]string{changed[0].ID.String(), changed[1].ID.String()}, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if got, err := list(s, time.Now().Add(time.Minute)); len(got) != 0 || err != nil {
			t.Errorf("of the future: %v, %v", got, err)
		}
		rest(t, node, http.MethodPost, "/v1/schema", `{"class":"Untimed","vectorizer":"none","properties":[{"name":"content","dataType":["text"]}]}`)
		if _, err := list(open(t, c, weaviate.Config{Collection: "Untimed"}), since); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("without indexed times: %v", err)
		}
		counts, err := s.Counts(t.Context())
		if diff := cmp.Diff(map[string]int{"alpha": 2, "beta": 2, "sleeper": -1}, counts); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})

	t.Run("collections come and go", func(t *testing.T) {
		all, err := c.Collections(t.Context())
		if err != nil || !cmp.Equal(all["Timed"], []string{"content", "docRef"}) || all["Gone"] != nil {
			t.Errorf("%v, %v", all, err)
		}
		if err := c.CreateCollection(t.Context(), weaviate.Collection{Name: "Gone", Endpoint: "http://127.0.0.1:1", Model: "perk"}); err != nil {
			t.Fatal(err)
		}
		d := doc("Gone", "", 1, "text")
		if err := c.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		s := open(t, c, weaviate.Config{Collection: "Gone"})
		rest(t, node, http.MethodDelete, "/v1/schema/Gone", "")
		if _, err := s.Document(t.Context(), d.ID); perk.ErrorCode(err) != perk.ENotFound {
			t.Errorf("a document of a dropped collection: %v", err)
		}
		for _, err := range s.Scan(t.Context(), "") {
			if perk.ErrorCode(err) != perk.ENotFound {
				t.Errorf("a scan of a dropped collection: %v", err)
			}
		}
		rest(t, node, http.MethodDelete, "/v1/schema/Timed/tenants", `["beta"]`)
		timed := open(t, c, weaviate.Config{Collection: "Timed"})
		if _, err := timed.Document(t.Context(), doc("Timed", "beta", 1, "").ID); perk.ErrorCode(err) != perk.ENotFound {
			t.Errorf("a document of a dropped tenant: %v", err)
		}
	})

	t.Run("refs of an old collection", func(t *testing.T) {
		rest(t, node, http.MethodPost, "/v1/schema", `{"class":"Old","vectorizer":"none","properties":[{"name":"title","dataType":["text"]},{"name":"body","dataType":["text"]},{"name":"year","dataType":["int"]}]}`)
		for i := range 3 {
			rest(t, node, http.MethodPost, "/v1/objects", fmt.Sprintf(`{"class":"Old","id":%q,"properties":{"title":"T","body":"B","year":7}}`, doc("Old", "", i+1, "").ID.UUID))
		}
		s := open(t, c, weaviate.Config{Collection: "Old", Properties: []string{"title", "body"}})
		id := doc("Old", "", 1, "").ID
		if d, err := s.Document(t.Context(), id); d.Text != "T\n\nB" || err != nil {
			t.Errorf("%q, %v", d.Text, err)
		}
		if err := s.CheckRefs(t.Context()); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), `no property "docRef"`) {
			t.Error(err)
		}
		for _, want := range []int{3, 0} {
			if n, err := s.WriteRefs(t.Context()); n != want || err != nil {
				t.Errorf("wrote %d refs, %v, want %d", n, err, want)
			}
		}
		if err := s.CheckRefs(t.Context()); err != nil {
			t.Error(err)
		}
		rest(t, node, http.MethodPatch, "/v1/objects/Old/"+id.UUID, `{"class":"Old","properties":{"docRef":"Old/00000002-0000-4000-8000-000000000000"}}`)
		for d, err := range s.Scan(t.Context(), "") {
			if (err != nil) != (d.Document.ID == id) || d.Cursor == "" {
				t.Errorf("%v: %v", d.Document.ID, err)
			}
		}
		if n, err := s.WriteRefs(t.Context()); n != 1 || err != nil {
			t.Errorf("repaired %d refs, %v", n, err)
		}
	})

	t.Run("refused", func(t *testing.T) {
		for _, wrong := range []string{"", "wrong"} {
			other, err := weaviate.Connect(weaviate.Server{Endpoint: node.Endpoint(), APIKey: wrong})
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Ready(t.Context()); perk.ErrorCode(err) != perk.EDenied {
				t.Errorf("key %q: %v", wrong, err)
			}
		}
		if _, err := c.Open(t.Context(), weaviate.Config{Collection: "Nowhere"}, zerolog.Nop()); perk.ErrorCode(err) != perk.ENotFound {
			t.Error(err)
		}
		if err := c.Put(t.Context(), doc("Pages", "", 1, "x"), perk.Document{ID: perk.DocumentID{Collection: "Pages", UUID: "no uuid"}}); perk.ErrorCode(err) != perk.EInvalid {
			t.Error(err)
		}
	})
}
