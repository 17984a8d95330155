package indexer_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
)

// database is a set of collections that come and go.
type database struct {
	mu   sync.Mutex
	has  map[string]perk.Source // nil: it was dropped
	away error
}

func (d *database) Collections(context.Context) (map[string]perk.Source, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]perk.Source{}
	for name, s := range d.has {
		out[name] = s
	}
	return out, d.away
}

func (d *database) set(name string, s perk.Source, away error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.has[name], d.away = s, away
}

func (d *database) Forget(_ context.Context, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.has, name)
	return nil
}

func sail(t *testing.T, d *database, m *module) (*indexer.Fleet, func()) {
	t.Helper()
	f, err := indexer.NewFleet(m, d, indexer.Options{Interval: time.Minute, Retry: quick}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	synctest.Wait()
	return f, func() {
		stop()
		if err := <-done; perk.ErrorCode(err) != perk.ECanceled {
			t.Error(err)
		}
	}
}

// adapters lists "collection/uuid" of all adapters.
func adapters(m *module) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for id := range m.adapters {
		out = append(out, id.String())
	}
	return strings.Join(sorted(out), " ")
}

func TestCollectionsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		docs, more, m := letters("ab"), letters("cd"), newModule()
		more.collection = "More"
		d := &database{has: map[string]perk.Source{"Docs": docs}}
		f, stop := sail(t, d, m)
		if got := adapters(m); got != "Docs/a Docs/b" {
			t.Errorf("adapters %q", got)
		}
		d.set("More", more, nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := adapters(m); got != "Docs/a Docs/b More/c More/d" || f.Source("More") != perk.Source(more) || f.Source("Other") != nil {
			t.Errorf("adapters %q", got)
		}
		more.set("e", "text")
		f.Notify(more.id("e"))
		f.Notify(perk.DocumentID{Collection: "Other", UUID: "e"})
		synctest.Wait()
		var names []string
		for _, o := range f.Overviews() {
			names = append(names, o.Collection)
		}
		if got := adapters(m); got != "Docs/a Docs/b More/c More/d More/e" || !cmp.Equal(names, []string{"Docs", "More"}) {
			t.Errorf("adapters %q, overviews of %v", got, names)
		}

		away := perk.Errorf(perk.EUnavailable, "weaviate", "connection refused")
		d.set("Docs", nil, away) // nobody can say what there is
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := adapters(m); got != "Docs/a Docs/b More/c More/d More/e" {
			t.Errorf("while the database is away: %q", got)
		}
		stop()
		if len(f.Overviews()) != 0 {
			t.Error("it follows after its end")
		}
		d.set("Docs", nil, nil) // it was dropped while nobody followed
		f, stop = sail(t, d, m)
		defer stop()
		if got := adapters(m); got != "More/c More/d More/e" || m.collected == 0 || len(d.has) != 1 || f.Indexer("Docs") != nil {
			t.Errorf("after a collection was dropped: %q", got)
		}
		_ = d.Forget(t.Context(), "More") // not to be followed, for whatever reason
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := adapters(m); got != "More/c More/d More/e" || f.Indexer("More") != nil {
			t.Errorf("after a collection was left out: %q", got)
		}
		for key := range m.meta {
			if strings.Contains(key, "Docs") {
				t.Errorf("%s is left", key)
			}
		}
	})
}
