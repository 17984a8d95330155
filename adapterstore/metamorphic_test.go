package adapterstore_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

var metaSeed = flag.Uint64("metamorphic.seed", 0, "seed of TestMetamorphic, 0: a random one")

// TestMetamorphic runs one random list of operations against a map and against stores with different options, which change at every
// reopening; all must agree at every step.
func TestMetamorphic(t *testing.T) {
	seed := *metaSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -metamorphic.seed=%d", seed)
	steps := 250
	if testing.Short() {
		steps = 80
	}
	sets := []adapterstore.Options{
		{MemTableBytes: 4 << 20, Reserve: 4 << 20},
		{MemTableBytes: 4 << 20, Reserve: 4 << 20, PartBytes: 10_000},
		{Reserve: 4 << 20},
		{MemTableBytes: 8 << 20, Reserve: 4 << 20, PartBytes: 100_001},
	}
	for first := range sets {
		t.Run(fmt.Sprint("options=", first), func(t *testing.T) { metamorphic(t, seed, steps, sets, first) })
	}
}

func metamorphic(t *testing.T, seed uint64, steps int, sets []adapterstore.Options, set int) {
	rng := rand.New(rand.NewPCG(seed, 0)) // the same operations for every first set
	ctx := t.Context()
	dir := t.TempDir()
	s := mustOpen(t, dir, sets[set])
	model := map[perk.AdapterKey]*perk.Adapter{}
	meta := map[string]string{}
	for step := range steps {
		k := storetest.Key(string(rune('A'+rng.IntN(2))), []string{"", "t"}[rng.IntN(2)], fmt.Sprint(rng.IntN(3)), byte(rng.IntN(2)), 1)
		fail := func(format string, args ...any) { t.Fatalf("step %d, %s: %s", step, k, fmt.Sprintf(format, args...)) }
		switch op := rng.IntN(20); {
		case op < 7:
			model[k] = put(t, s, storetest.Adapter(k, rng.Uint64(), 1+rng.IntN(1<<rng.IntN(21))))
		case op < 12:
			got, err := s.Get(ctx, k)
			want, stored := model[k]
			if !stored && perk.ErrorCode(err) != perk.ENotFound || stored && (err != nil || !bytes.Equal(got.Payload, want.Payload)) {
				fail("Get: %v, stored %v", err, stored)
			}
		case op < 14:
			want := 0
			for m := range model {
				if m.Document == k.Document {
					delete(model, m)
					want++
				}
			}
			if n, err := s.Delete(ctx, k.Document); n != want || err != nil {
				fail("Delete: %d, %v, want %d", n, err, want)
			}
		case op < 16:
			if d := listDiff(t, s, model, k.Document.Collection); d != "" {
				fail("List: %s", d)
			}
		case op < 17:
			if _, err := s.GC(ctx); err != nil {
				fail("GC: %v", err)
			}
		case op < 18:
			meta["cursor"] = fmt.Sprint(step)
			if err := s.SetMeta(ctx, "cursor", []byte(meta["cursor"])); err != nil {
				fail("SetMeta: %v", err)
			}
		case op < 19:
			if got, err := s.Meta(ctx, "cursor"); string(got) != meta["cursor"] || (err == nil) != (meta["cursor"] != "") {
				fail("Meta: %q, %v, want %q", got, err, meta["cursor"])
			}
		default:
			if err := s.Close(); err != nil {
				fail("Close: %v", err)
			}
			set = (set + 1) % len(sets)
			s = mustOpen(t, dir, sets[set])
		}
	}
	if n, err := s.Verify(ctx, func(k perk.AdapterKey, err error) { t.Error(k, err) }); n != len(model) || err != nil {
		t.Errorf("Verify: %d, %v, want %d", n, err, len(model))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// listDiff compares a collection's list with the model, order included.
func listDiff(t *testing.T, s *adapterstore.Store, model map[perk.AdapterKey]*perk.Adapter, collection string) string {
	t.Helper()
	var want, got []string
	for k, a := range model {
		if k.Document.Collection == collection {
			want = append(want, fmt.Sprint(k.Document.Tenant, "\x00", k.Document.UUID, "\x00", k.Model, a.Digest))
		}
	}
	slices.Sort(want)
	for info, err := range s.List(t.Context(), collection) {
		if err != nil {
			t.Fatal(err)
		}
		k := info.Key
		got = append(got, fmt.Sprint(k.Document.Tenant, "\x00", k.Document.UUID, "\x00", k.Model, info.Digest))
	}
	if slices.Equal(want, got) {
		return ""
	}
	return "want\n" + strings.Join(want, "\n") + "\ngot\n" + strings.Join(got, "\n")
}
