package indexer_test

import (
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
)

// counting is a source that counts its tenants' documents and lists their ids.
type counting struct {
	*changing
	asleep string        // a tenant that cannot be read
	shown  string        // a document that is there and is missed by counts and lists
	took   time.Duration // of a walk
	walks  int
}

func (c *counting) Counts(context.Context) (map[string]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]int{}
	if c.asleep != "" {
		counts[c.asleep] = -1
	}
	for key := range c.texts {
		if tenant := c.id(key).Tenant; (tenant == "" || tenant != c.asleep) && key != c.shown {
			counts[tenant]++
		}
	}
	return counts, nil
}

func (c *counting) Names(_ context.Context, tenant string) iter.Seq2[perk.DocumentID, error] {
	return func(yield func(perk.DocumentID, error) bool) {
		time.Sleep(c.took)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.walks++
		for key := range c.texts {
			if id := c.id(key); id.Tenant == tenant && key != c.shown && !yield(id, nil) {
				return
			}
		}
	}
}

func (c *counting) walked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.walks
}

func newCounting(keys ...string) *counting {
	c := &counting{changing: &changing{memory: &memory{texts: map[string]string{}}, changed: []string{}}}
	for _, key := range keys {
		c.set(key, "text of "+key)
	}
	return c
}

// stored lists the keys of the documents that have an adapter.
func stored(t *testing.T, m *module) string {
	t.Helper()
	var keys []string
	for info, err := range m.List(t.Context(), "Docs") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, strings.TrimPrefix(info.Key.Document.String(), "Docs/"))
	}
	return strings.Join(keys, " ")
}

func TestDeletesAreFoundByCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := newCounting("a/1", "a/2", "b/1", "b/2", "c/1", "c/2"), newModule()
		x := follow(t, src, m, indexer.Options{Interval: time.Minute, Whole: 1000 * time.Hour})
		interval := func() {
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		interval()
		if n := src.walked(); n != 0 {
			t.Errorf("%d walks before anything was deleted", n)
		}
		src.set("a/2", "")
		interval()
		if got, n := stored(t, m), src.walked(); got != "a/1 b/1 b/2 c/1 c/2" || n != 1 {
			t.Errorf("adapters of %s after %d walks", got, n)
		}
		src.set("b/1", "") // beside a new one
		src.set("b/3", "new")
		src.list("b/3")
		interval()
		interval()
		if got, n := stored(t, m), src.walked(); got != "a/1 b/2 b/3 c/1 c/2" || n != 2 {
			t.Errorf("adapters of %s after %d walks", got, n)
		}
		src.asleep = "c" // one that sleeps keeps its adapters
		src.set("b/2", "")
		src.set("b/3", "") // the whole tenant is gone
		interval()
		if got, n := stored(t, m), src.walked(); got != "a/1 c/1 c/2" || n != 2 {
			t.Errorf("adapters of %s after %d walks", got, n)
		}
		if scans, _, _, _ := src.counts(); scans != 1 {
			t.Errorf("%d whole passes", scans)
		}
		if o := x.Overview(); o.Documents != 1 || o.Removed != 4 {
			t.Errorf("%+v", o)
		}
	})
}

// TestCensusThatIsWrong meets a database that counts and lists one document too few for a while, as a replica may.
func TestCensusThatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, m := newCounting("1", "2", "3"), newModule()
		follow(t, src, m, indexer.Options{Interval: time.Minute, Whole: 1000 * time.Hour})
		src.mu.Lock()
		src.shown = "2"
		src.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, n := stored(t, m), src.walked(); got != "1 2 3" || n != 1 {
			t.Errorf("adapters of %s after %d walks", got, n)
		}
		src.set("3", "")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got, n := stored(t, m), src.walked(); got != "1 2" || n != 2 {
			t.Errorf("adapters of %s after %d walks", got, n)
		}
	})
}

// TestWalksLeaveTime deletes all the time, from a tenant whose walk takes long.
func TestWalksLeaveTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := strings.Fields(strings.Repeat("x ", 100))
		for i := range keys {
			keys[i] += string(rune('0'+i/10)) + string(rune('0'+i%10))
		}
		src, m := newCounting(keys...), newModule()
		src.took = 30 * time.Second
		follow(t, src, m, indexer.Options{Interval: time.Minute, Whole: 1000 * time.Hour})
		for _, key := range keys[:90] {
			src.set(key, "")
			time.Sleep(time.Minute)
		}
		if n := src.walked(); n < 6 || n > 10 {
			t.Errorf("%d walks of half a minute in 90 minutes", n)
		}
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if got := strings.Fields(stored(t, m)); len(got) != 10 {
			t.Errorf("adapters of %v", got)
		}
	})
}
