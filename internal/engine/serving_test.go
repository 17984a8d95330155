package engine_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

var switchDocuments = flag.Int("switch.documents", 40, "documents of the collection that TestSwitch switches to another model")

// finder opens a model by a name of its own.
func finder(m *models.Model) func(context.Context, string) (*models.Model, error) {
	return func(_ context.Context, name string) (*models.Model, error) {
		if name != "before" {
			return nil, perk.Errorf(perk.ENotFound, "test", "no model %q", name)
		}
		return m, nil
	}
}

func openWith(t *testing.T, dir string, m *models.Model, name string, find func(context.Context, string) (*models.Model, error)) *engine.Engine {
	t.Helper()
	e, err := engine.Open(dir, m, engine.Options{Name: name, Find: find, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closeEngine(t *testing.T, e *engine.Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func numbered(i int) (perk.Document, perk.Hash) {
	d := perk.Document{ID: perk.DocumentID{Collection: "Article", UUID: fmt.Sprintf("%05d", i)}, Text: fmt.Sprintf("Mary went to room %d. Nobody could say why.", i)}
	return d, perk.ContentHash(d.Text)
}

func encode(t *testing.T, e *engine.Engine, d perk.Document) {
	t.Helper()
	if _, err := e.Encode(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
}

// A collection is switched to another model while questions arrive: none fails, each is answered by one model from an adapter that it wrote, and the collection changes over at
// once, after the last document was written. The switch is interrupted in its middle.
func TestSwitch(t *testing.T) {
	n := *switchDocuments
	dir := t.TempDir()
	before, after := modelstest.Model(t, 1), modelstest.Model(t, 2)
	e := openWith(t, dir, before, "before", nil)
	for i := range n {
		d, _ := numbered(i)
		encode(t, e, d)
	}
	closeEngine(t, e)

	var asked, ofBefore, ofAfter atomic.Int64
	var done atomic.Bool // the last document was written
	var e2 *engine.Engine
	// asks runs questions beside work.
	asks := func(work func()) {
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for k := range 2 {
			all.Go(func() {
				for i := k; ctx.Err() == nil; i++ {
					d, content := numbered(i * 7 % n)
					wasDone := done.Load()
					a, err := e2.Ask(t.Context(), perk.Question{Document: d.ID, Text: "Where is Mary?", Content: content, Options: perk.DecodeOptions{MaxTokens: 2}}, nil)
					if err != nil {
						t.Error(err)
						return
					}
					asked.Add(1)
					switch key := a.Adapter.Key; {
					case key.Model == before.ID && key.Recipe == before.RecipeID && !wasDone:
						ofBefore.Add(1)
					case key.Model == after.ID && key.Recipe == after.RecipeID:
						ofAfter.Add(1)
					default:
						t.Errorf("an answer from %s, all written: %t", key, wasDone)
					}
				}
			})
		}
		work()
		stop()
		all.Wait()
	}
	e2 = openWith(t, dir, after, "after", finder(before))
	asks(func() {
		for i := range n / 2 {
			d, _ := numbered(i)
			encode(t, e2, d)
		}
		for asked.Load() == 0 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
	})
	if ofBefore.Load() == 0 || ofAfter.Load() != 0 {
		t.Errorf("half way, %d answers are of the model before and %d of the one after", ofBefore.Load(), ofAfter.Load())
	}
	closeEngine(t, e2)
	e2 = openWith(t, dir, after, "after", finder(before))
	asks(func() {
		for i := n / 2; i < n; i++ {
			d, _ := numbered(i)
			encode(t, e2, d)
		}
		done.Store(true)
		for start := asked.Load(); asked.Load() < start+10 && !t.Failed(); {
			d, _ := numbered(0)
			encode(t, e2, d)
		}
	})
	if ofAfter.Load() == 0 {
		t.Error("no answer of the model after")
	}
	t.Logf("%d questions: %d answered by the model before, %d by the one after", asked.Load(), ofBefore.Load(), ofAfter.Load())
	for info, err := range e2.List(t.Context(), "Article") {
		if err != nil || info.Key.Model != after.ID {
			t.Errorf("%s is still there (%v)", info.Key, err)
		}
	}
	closeEngine(t, e2)
	// The model before is needed no more.
	e3 := openWith(t, dir, after, "after", nil)
	defer closeEngine(t, e3)
	d, content := numbered(1)
	if a, err := e3.Ask(t.Context(), perk.Question{Document: d.ID, Text: "Where is Mary?", Content: content}, nil); err != nil || a.Adapter.Key.Model != after.ID {
		t.Errorf("%v, %v", a, err)
	}
}

// During a switch a new document and a changed one are answered for by the model that wrote them last, and a removed one is not waited for.
func TestSwitchMeetsChanges(t *testing.T) {
	dir := t.TempDir()
	before, after := modelstest.Model(t, 1), modelstest.Model(t, 2)
	e := openWith(t, dir, before, "before", nil)
	for i := range 3 {
		d, _ := numbered(i)
		encode(t, e, d)
	}
	closeEngine(t, e)
	e = openWith(t, dir, after, "after", finder(before))
	defer closeEngine(t, e)
	ask := func(d perk.Document, want perk.ModelID) {
		t.Helper()
		a, err := e.Ask(t.Context(), perk.Question{Document: d.ID, Text: "Where?", Content: perk.ContentHash(d.Text)}, nil)
		if err != nil || a.Adapter.Key.Model != want {
			t.Errorf("%+v, %v; want model %s", a, err, want.Short())
		}
	}
	fresh, _ := numbered(7)
	changed, _ := numbered(0)
	changed.Text += " John followed."
	encode(t, e, fresh)
	encode(t, e, changed)
	ask(fresh, after.ID)
	ask(changed, after.ID)
	d, _ := numbered(1)
	ask(d, before.ID)
	encode(t, e, d)
	ask(d, before.ID) // one is missing still
	gone, _ := numbered(2)
	if n, err := e.Forget(t.Context(), gone.ID); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ask(d, after.ID)
}

// Without the model that answered so far documents are pending until they are written, as they were before there were switches.
func TestSwitchWithoutTheModelBefore(t *testing.T) {
	for name, find := range map[string]func(context.Context, string) (*models.Model, error){"nobody to ask": nil, "another by now": finder(modelstest.Model(t, 3)), "gone": finder(nil)} {
		dir := t.TempDir()
		known := "before"
		if name == "gone" {
			known = "removed"
		}
		e := openWith(t, dir, modelstest.Model(t, 1), known, nil)
		d, content := numbered(1)
		encode(t, e, d)
		closeEngine(t, e)
		e = openWith(t, dir, modelstest.Model(t, 2), "after", find)
		q := perk.Question{Document: d.ID, Text: "Where?", Content: content}
		_, err := e.Ask(t.Context(), q, nil)
		wantError(t, err, perk.ENotFound, "pending")
		encode(t, e, d)
		if _, err := e.Ask(t.Context(), q, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		closeEngine(t, e)
	}
}
