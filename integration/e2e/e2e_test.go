package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/integration/weaviate/server"
	"github.com/perkdb/perk/internal/task"
)

const (
	documents = 50
	words     = 300 // of a document
	question  = "Where is Mary?"
)

// corpus is what the documents say at present.
type corpus struct {
	docs    []perk.Document
	answers map[string]string // by key: where Mary is
	rng     *rand.Rand
}

// draw makes a new text about where Mary is; the answer differs from the old one.
func (c *corpus) draw(t *testing.T, id perk.DocumentID) perk.Document {
	t.Helper()
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		t.Fatal(err)
	}
	for {
		count := func(s string) int { return len(strings.Fields(s)) }
		e, err := qa1.Episode(c.rng, task.Options{Tokens: words, Count: count, Filler: task.Generated{}, Split: task.Eval})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range e.Questions {
			if q.Question == question && !q.Cloze && q.Answers[0] != c.answers[id.String()] {
				c.answers[id.String()] = q.Answers[0]
				return perk.Document{ID: id, Text: e.Text}
			}
		}
	}
}

// right counts the hits that answer as their documents say.
func (c *corpus) right(t *testing.T, hits []hit) int {
	t.Helper()
	n := 0
	for _, h := range hits {
		if h.err != "" {
			t.Errorf("%s: %s", h.ref, h.err)
		}
		if task.EM(h.answer, []string{c.answers[h.ref]}) == 1 {
			n++
		}
	}
	return n
}

// upToDate counts the adapters written from present texts.
func (c *corpus) upToDate(adapters map[string]perk.Hash) int {
	n := 0
	for _, d := range c.docs {
		if adapters[d.ID.String()] == perk.ContentHash(d.Text) {
			n++
		}
	}
	return n
}

func TestEndToEnd(t *testing.T) {
	if os.Getenv("PERK_E2E") != "1" {
		t.Skip("needs a real Weaviate: run `make e2e`, or set PERK_E2E=1")
	}
	ctx := t.Context()
	binary, err := server.Build(ctx, binDir)
	if err != nil {
		t.Fatal(err)
	}
	node, err := server.Start(ctx, server.Config{Binary: binary, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(); err != nil {
			t.Error(err)
		}
	})
	api, err := weaviate.Connect(weaviate.Server{Endpoint: node.Endpoint()})
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, node.Endpoint())
	// The model's name is known when the endpoint runs, and the endpoint wants its collection: the served name is fixed by convention.
	if err := api.CreateCollection(ctx, weaviate.Collection{Name: collection, Endpoint: "http://" + p.listen, Model: "perk"}); err != nil {
		t.Fatal(err)
	}
	serving := p.serve(t)
	if name := p.model(t); name != "perk:latest" {
		t.Fatalf("the endpoint serves %q", name)
	}

	c := &corpus{answers: map[string]string{}, rng: rand.New(rand.NewPCG(7, 0xe2e))}
	for i := range documents {
		c.docs = append(c.docs, c.draw(t, perk.DocumentID{Collection: collection, UUID: fmt.Sprintf("%08x-0000-4000-8000-000000000001", i*7919)}))
	}
	if err := api.Put(ctx, c.docs...); err != nil {
		t.Fatal(err)
	}
	ref := func(i int) string { return c.docs[i].ID.String() }

	t.Run("pending before it is indexed", func(t *testing.T) {
		if h := where(t, node.Endpoint(), ref(0), question); h.answer != "" || !strings.Contains(h.err, "pending: "+ref(0)+" is not encoded yet; run `perk index`") {
			t.Errorf("%+v", h)
		}
	})

	t.Run("the plugin is killed in mid-encode", func(t *testing.T) {
		wait := p.indexing(t)
		eventually(t, 5*time.Minute, "the first adapters", func() bool { return len(p.adapters(t)) >= 3 })
		plugin := child(t, serving)
		if err := syscall.Kill(plugin, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		before := len(p.adapters(t))
		if before < 3 || before >= documents {
			t.Fatalf("%d adapters when the plugin was killed", before)
		}
		r := wait()
		if !r.Complete || r.Encoded+r.Skipped != documents || r.FailedCount != 0 {
			t.Errorf("report %+v", r)
		}
		if n := c.upToDate(p.adapters(t)); n != documents {
			t.Errorf("%d adapters up to date, want %d", n, documents)
		}
		if again := child(t, serving); again == plugin || again == 0 {
			t.Errorf("plugin process %d after %d was killed", again, plugin)
		}
	})

	t.Run("GraphQL, where", func(t *testing.T) {
		right := 0
		for i := range c.docs {
			right += c.right(t, []hit{where(t, node.Endpoint(), ref(i), question)})
		}
		t.Logf("%d of %d right", right, documents)
		if right < documents*9/10 {
			t.Errorf("%d of %d right, want 90%%", right, documents)
		}
	})

	t.Run("GraphQL, BM25", func(t *testing.T) {
		hits := graphQL(t, node.Endpoint(), `bm25:{query:"Mary garden", properties:["content"]}, limit:10`, question)
		if right := c.right(t, hits); len(hits) != 10 || right < 8 {
			t.Errorf("%d of %d right: %v", right, len(hits), hits)
		}
	})

	t.Run("gRPC, BM25", func(t *testing.T) {
		hits := overGRPC(t, node.GRPC(), "Mary kitchen", question, 10)
		if right := c.right(t, hits); len(hits) != 10 || right < 8 {
			t.Errorf("%d of %d right: %v", right, len(hits), hits)
		}
	})

	t.Run("two keys in one prompt", func(t *testing.T) {
		h := where(t, node.Endpoint(), ref(0), question+" [[perk:{docRef}]]")
		one := where(t, node.Endpoint(), ref(0), question)
		if want := strings.Repeat(ref(0)+": "+strings.TrimSpace(one.answer)+"\n", 2); h.answer != want || h.err != "" {
			t.Errorf("%+v, want %q", h, want)
		}
	})

	t.Run("update", func(t *testing.T) {
		right := 0
		const changed = 5
		for i := range changed {
			c.docs[i] = c.draw(t, c.docs[i].ID)
		}
		if err := api.Put(ctx, c.docs[:changed]...); err != nil {
			t.Fatal(err)
		}
		if h := where(t, node.Endpoint(), ref(0), question); h.answer != "" || !strings.Contains(h.err, "stale: "+ref(0)) {
			t.Errorf("before it was indexed again: %+v", h)
		}
		if r := p.index(t); r.Encoded != changed || r.Skipped != documents-changed || !r.Complete {
			t.Errorf("report %+v", r)
		}
		for i := range changed {
			right += c.right(t, []hit{where(t, node.Endpoint(), ref(i), question)})
		}
		if right < changed-1 {
			t.Errorf("%d of %d new answers right", right, changed)
		}
	})

	t.Run("delete", func(t *testing.T) {
		gone := c.docs[documents-1]
		c.docs = c.docs[:documents-1]
		if err := api.Delete(ctx, gone.ID); err != nil {
			t.Fatal(err)
		}
		if r := p.index(t); r.Removed != 1 || r.Skipped != documents-1 {
			t.Errorf("report %+v", r)
		}
		adapters := p.adapters(t)
		if _, there := adapters[gone.ID.String()]; there || len(adapters) != documents-1 {
			t.Errorf("%d adapters, the deleted document's among them: %v", len(adapters), there)
		}
	})

	t.Run("Weaviate is stopped and started in mid-index", func(t *testing.T) {
		for i := range c.docs {
			c.docs[i] = c.draw(t, c.docs[i].ID)
		}
		if err := api.Put(ctx, c.docs...); err != nil {
			t.Fatal(err)
		}
		wait := p.indexing(t)
		eventually(t, 5*time.Minute, "the first new adapters", func() bool { return c.upToDate(p.adapters(t)) >= 3 })
		if err := node.Stop(); err != nil {
			t.Fatal(err)
		}
		at := -1 // wait until the indexer feels it: no more documents come
		eventually(t, 5*time.Minute, "the indexer to stall", func() bool {
			before := at
			at = c.upToDate(p.adapters(t))
			time.Sleep(2 * time.Second)
			return at == before
		})
		if at >= len(c.docs) {
			t.Fatalf("all %d documents were encoded before Weaviate was away", at)
		}
		again, err := server.Start(ctx, node.Config)
		if err != nil {
			t.Fatal(err)
		}
		node = again
		if r := wait(); !r.Complete || r.Encoded+r.Skipped != len(c.docs) || r.FailedCount != 0 {
			t.Errorf("report %+v", r)
		}
		if n := c.upToDate(p.adapters(t)); n != len(c.docs) {
			t.Errorf("%d adapters up to date, want %d", n, len(c.docs))
		}
	})
}
