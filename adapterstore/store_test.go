package adapterstore_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

// small keeps tests fast: a 4 MiB memory table is flushed often. The machine that runs the tests may be short of disk.
var small = adapterstore.Options{MemTableBytes: 4 << 20, Reserve: 4 << 20}

func opener(opt adapterstore.Options) storetest.Open {
	return func(tb testing.TB, dir string) perk.AdapterStore {
		tb.Helper()
		return mustOpen(tb, dir, opt)
	}
}

func mustOpen(tb testing.TB, dir string, opt adapterstore.Options) *adapterstore.Store {
	tb.Helper()
	opt.Logger = zerolog.New(zerolog.NewTestWriter(tb))
	s, err := adapterstore.Open(dir, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// newStore is storetest.New with all of Store's methods.
func newStore(tb testing.TB, opt adapterstore.Options) *adapterstore.Store {
	tb.Helper()
	return storetest.New(tb, opener(opt)).(*adapterstore.Store)
}

func put(tb testing.TB, s *adapterstore.Store, a *perk.Adapter) *perk.Adapter {
	tb.Helper()
	if err := s.Put(context.WithoutCancel(tb.Context()), a); err != nil {
		tb.Fatal(err)
	}
	return a
}

func holds(tb testing.TB, s *adapterstore.Store, want *perk.Adapter) {
	tb.Helper()
	got, err := s.Get(tb.Context(), want.Key)
	if err != nil {
		tb.Fatal(err)
	}
	if d := cmp.Diff(want.AdapterInfo, got.AdapterInfo); d != "" || !bytes.Equal(want.Payload, got.Payload) {
		tb.Errorf("adapter of %s differs: %s", want.Key, d)
	}
}

func wantCode(tb testing.TB, what string, err error, want perk.Code) {
	tb.Helper()
	if got := perk.ErrorCode(err); got != want {
		tb.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

func TestConformance(t *testing.T) {
	t.Run("default", func(t *testing.T) { storetest.Run(t, opener(adapterstore.Options{Reserve: 4 << 20})) })
	t.Run("small", func(t *testing.T) { storetest.Run(t, opener(small)) })
}

func TestMeta(t *testing.T) {
	s := newStore(t, small)
	ctx := t.Context()
	_, err := s.Meta(ctx, "cursor/Book")
	wantCode(t, "missing", err, perk.ENotFound)
	for _, v := range []string{"1", "22"} {
		if err := s.SetMeta(ctx, "cursor/Book", []byte(v)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Meta(ctx, "cursor/Book"); string(got) != v || err != nil {
			t.Errorf("Meta: %q, %v, want %q", got, err, v)
		}
	}
	if err := s.SetMeta(ctx, "cursor/Book", nil); err != nil {
		t.Fatal(err)
	}
	_, err = s.Meta(ctx, "cursor/Book")
	wantCode(t, "removed", err, perk.ENotFound)
	wantCode(t, "empty key", s.SetMeta(ctx, "", nil), perk.EInvalid)
	wantCode(t, "long value", s.SetMeta(ctx, "k", make([]byte, adapterstore.MaxMetaValue+1)), perk.EInvalid)
}

func TestOptions(t *testing.T) {
	for name, opt := range map[string]adapterstore.Options{
		"table too small": {MemTableBytes: 1 << 20},
		"parts too large": {MemTableBytes: 4 << 20, PartBytes: 1 << 20},
		"negative period": {GCPeriod: -1},
	} {
		_, err := adapterstore.Open(t.TempDir(), opt)
		wantCode(t, name, err, perk.EInvalid)
	}
}

func TestGCErasesPayload(t *testing.T) {
	marker := []byte("this text must vanish from every file")
	k := storetest.Key("Book", "", "secret", 1, 1)
	for name, c := range map[string]struct {
		size   int
		remove func(*testing.T, *adapterstore.Store)
		reopen bool
	}{
		"deleted":             {100, remove(k), false},
		"deleted, many parts": {5 << 20, remove(k), false},
		"deleted, in tables":  {5 << 20, remove(k), true},
		"replaced":            {2 << 20, func(t *testing.T, s *adapterstore.Store) { put(t, s, storetest.Adapter(k, 7, 100)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := mustOpen(t, dir, small)
			defer func() { s.Close() }()
			stay := put(t, s, storetest.Adapter(storetest.Key("Book", "", "other", 1, 1), 1, 3<<20))
			a := storetest.Adapter(k, 2, c.size)
			copy(a.Payload[c.size/2:], marker)
			put(t, s, rehash(a))
			put(t, s, storetest.Adapter(storetest.Key("Book", "", "third", 1, 1), 1, 1<<20))
			if c.reopen {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = mustOpen(t, dir, small)
			}
			if !onDisk(t, dir, marker) {
				t.Fatal("the marker was never there: the test proves nothing")
			}
			c.remove(t, s)
			n, err := s.GC(t.Context())
			if n != int64(c.size) || err != nil {
				t.Errorf("GC: %d bytes, %v, want %d", n, err, c.size)
			}
			if onDisk(t, dir, marker) {
				t.Error("the payload is still on disk")
			}
			if n, err := s.GC(t.Context()); n != 0 || err != nil {
				t.Errorf("second GC: %d bytes, %v", n, err)
			}
			holds(t, s, stay)
		})
	}
}

func remove(k perk.AdapterKey) func(*testing.T, *adapterstore.Store) {
	return func(t *testing.T, s *adapterstore.Store) {
		if n, err := s.Delete(t.Context(), k.Document); n != 1 || err != nil {
			t.Fatalf("Delete: %d, %v", n, err)
		}
	}
}

func rehash(a *perk.Adapter) *perk.Adapter {
	a.Digest = perk.ContentHash(string(a.Payload))
	return a
}

// onDisk reports whether any file of the store holds the marker.
func onDisk(t *testing.T, dir string, marker []byte) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			return onDisk(t, dir, marker) // Badger flushed this log into a table meanwhile: look at the files that there are now
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, marker) {
			return true
		}
	}
	return false
}

func TestBackgroundGC(t *testing.T) {
	opt := small
	opt.GCPeriod = 10 * time.Millisecond
	dir := t.TempDir()
	s := mustOpen(t, dir, opt)
	defer s.Close()
	a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, 1<<20)
	put(t, s, a)
	remove(a.Key)(t, s)
	for deadline := time.Now().Add(20 * time.Second); onDisk(t, dir, a.Payload[:64]); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the background collection did not erase the payload")
		}
	}
}

func TestConcurrent(t *testing.T) {
	s := newStore(t, small)
	keys := []perk.AdapterKey{storetest.Key("A", "", "a", 1, 1), storetest.Key("A", "", "a", 2, 1), storetest.Key("B", "t", "b", 1, 1)}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(w)))
			for range 25 {
				k := keys[rng.IntN(len(keys))]
				switch rng.IntN(8) {
				case 0, 1, 2:
					if err := s.Put(t.Context(), storetest.Adapter(k, rng.Uint64N(4), 1+rng.IntN(600<<10))); err != nil {
						t.Error(err)
					}
				case 3:
					if _, err := s.Delete(t.Context(), k.Document); err != nil {
						t.Error(err)
					}
				case 4:
					if w == 0 {
						if _, err := s.GC(t.Context()); err != nil {
							t.Error(err)
						}
					}
				default:
					if _, err := s.Get(t.Context(), k); err != nil && perk.ErrorCode(err) != perk.ENotFound {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}
