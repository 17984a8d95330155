package adapterstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore/storetest"
)

var tiny = Options{MemTableBytes: 4 << 20, Reserve: 4 << 20}

func openTiny(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, tiny)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func code(t *testing.T, what string, err error, want perk.Code) {
	t.Helper()
	if got := perk.ErrorCode(err); got != want {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

// edit changes a stored value through Badger, behind the store's back; nil deletes it.
func (s *Store) edit(t *testing.T, key []byte, change func([]byte) []byte) {
	t.Helper()
	err := s.db.Update(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		value, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		if value = change(value); value == nil {
			return txn.Delete(key)
		}
		return txn.Set(key, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// count counts the keys with a prefix.
func (s *Store) count(t *testing.T, prefix byte) (n int) {
	t.Helper()
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefix}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *Store) generationOf(t *testing.T, k perk.AdapterKey) (g generation) {
	t.Helper()
	err := s.db.View(func(txn *badger.Txn) error {
		m, err := readManifest(txn, k)
		if err == nil {
			g = m.Generation
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestDamage(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	drop := func([]byte) []byte { return nil }
	short := func(b []byte) []byte { return b[:len(b)-1] }
	k := storetest.Key("Book", "", "bad", 1, 1)
	for name, c := range map[string]struct {
		part   int // -1: the manifest
		change func([]byte) []byte
		info   perk.Code // of Info, which reads no parts
	}{
		"flipped first part":   {0, flip, ""},
		"flipped last part":    {15, flip, ""},
		"missing part":         {3, drop, ""},
		"short part":           {15, short, ""},
		"flipped manifest":     {-1, flip, perk.ECorrupt},
		"short manifest":       {-1, short, perk.ECorrupt},
		"manifest of another":  {-1, nil, perk.ECorrupt},
		"manifest of no bytes": {-1, func([]byte) []byte { return []byte{} }, perk.ECorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTiny(t, t.TempDir())
			good := storetest.Adapter(storetest.Key("Book", "", "good", 1, 1), 1, 2<<20)
			bad := storetest.Adapter(k, 2, 2<<20)
			for _, a := range []*perk.Adapter{good, bad} {
				if err := s.Put(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
			key := manifestKey(k)
			if c.part >= 0 {
				key = partKey(s.generationOf(t, k), c.part)
			}
			change := c.change
			if change == nil {
				record, err := encodeRecord(&manifest{Info: good.AdapterInfo, Generation: s.generationOf(t, good.Key), PartBytes: 128 << 10, Parts: 16})
				if err != nil {
					t.Fatal(err)
				}
				change = func([]byte) []byte { return record }
			}
			s.edit(t, key, change)

			a, err := s.Get(t.Context(), k)
			code(t, "Get", err, perk.ECorrupt)
			if a != nil {
				t.Error("Get served something")
			}
			if err != nil && (!strings.Contains(err.Error(), k.String()) || !strings.Contains(err.Error(), hintReencode)) {
				t.Errorf("the error names no adapter or no remedy: %v", err)
			}
			_, err = s.Info(t.Context(), k)
			code(t, "Info", err, c.info)
			var reported []perk.AdapterKey
			n, err := s.Verify(t.Context(), func(k perk.AdapterKey, err error) {
				code(t, "report", err, perk.ECorrupt)
				reported = append(reported, k)
			})
			if n != 2 || err != nil || len(reported) != 1 || reported[0] != k {
				t.Errorf("Verify: %d, %v, reported %v", n, err, reported)
			}
			code(t, "Backup", s.Backup(t.Context(), &strings.Builder{}), perk.ECorrupt)
			if _, err := s.Get(t.Context(), good.Key); err != nil {
				t.Errorf("the other adapter: %v", err)
			}
			// The remedy works and leaves nothing behind.
			if err := s.Put(t.Context(), bad); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), k); err != nil {
				t.Error(err)
			}
			if _, err := s.GC(t.Context()); err != nil {
				t.Error(err)
			}
			if parts, garbage := s.count(t, prefixPart), s.count(t, prefixGarbage); parts != 32 || garbage != 0 {
				t.Errorf("%d parts and %d garbage names are left, want 32 and 0", parts, garbage)
			}
		})
	}
}

func TestDyingPutIsSwept(t *testing.T) {
	dir := t.TempDir()
	s := openTiny(t, dir)
	a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, 2<<20)
	g, err := newGeneration()
	if err != nil {
		t.Fatal(err)
	}
	m := &manifest{Info: a.AdapterInfo, Generation: g, PartBytes: 128 << 10, Parts: 16}
	half := func() {
		if err := s.update(t.Context(), "test", a.Bytes, func(txn *badger.Txn) error {
			return errors.Join(setGarbage(txn, g, a.Bytes), setParts(txn, m, a.Payload, 0, 3))
		}); err != nil {
			t.Fatal(err)
		}
	}
	half()
	if n, err := s.GC(t.Context()); n != a.Bytes || err != nil || s.count(t, prefixPart) != 0 {
		t.Errorf("GC: %d, %v, %d parts left", n, err, s.count(t, prefixPart))
	}
	half()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = openTiny(t, dir); s.count(t, prefixPart) != 0 {
		t.Errorf("Open left %d parts", s.count(t, prefixPart))
	}
}

// TestDamagedFile flips bytes in the files of a closed store: whatever Open and Get say, no adapter may come back altered.
func TestDamagedFile(t *testing.T) {
	for _, at := range []float64{0.1, 0.3, 0.5, 0.7, 0.9} {
		dir := t.TempDir()
		s := openTiny(t, dir)
		var keys []perk.AdapterKey
		for i := range 6 {
			a := storetest.Adapter(storetest.Key("Book", "", string(rune('a'+i)), 1, 1), uint64(i), 300<<10)
			if err := s.Put(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, a.Key)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
		if err != nil || len(tables) == 0 {
			t.Fatal("no tables", err)
		}
		b, err := os.ReadFile(tables[0])
		if err != nil {
			t.Fatal(err)
		}
		b[int(at*float64(len(b)))] ^= 0x40
		if err := os.WriteFile(tables[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err = Open(dir, tiny)
		if err != nil {
			t.Logf("at %.1f: %v", at, err)
			continue
		}
		good := 0
		for i, k := range keys {
			a, err := s.Get(t.Context(), k)
			if err == nil && a.Digest != storetest.Adapter(k, uint64(i), 300<<10).Digest {
				t.Errorf("at %.1f: altered adapter", at)
			} else if err == nil {
				good++
			}
		}
		_, err = s.Verify(t.Context(), func(perk.AdapterKey, error) {})
		code(t, "Verify", err, perk.ECorrupt)
		if good < 4 { // Badger looks for a block's first key in the block before as well
			t.Errorf("at %.1f: one flipped byte cost %d adapters, want at most 2", at, 6-good)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDirError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want perk.Code
	}{
		{&fs.PathError{Err: syscall.EACCES}, perk.EDenied}, {&fs.PathError{Err: syscall.EROFS}, perk.EDenied},
		{&fs.PathError{Err: syscall.ENOSPC}, perk.ENoSpace}, {&fs.PathError{Err: syscall.ENOTDIR}, perk.EInvalid},
		{&fs.PathError{Err: syscall.EIO}, perk.EUnavailable},
	} {
		err := dirError("op", "dir", c.err)
		code(t, c.err.Error(), err, c.want)
	}
}

// TestRestoreKilled opens a store that a kill left in the middle of a Restore: it must be empty and usable.
func TestRestoreKilled(t *testing.T) {
	dir := t.TempDir()
	s := openTiny(t, dir)
	a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, 1<<20)
	for _, err := range []error{
		s.setFormat(t.Context(), "test", formatRestoring), s.Put(t.Context(), a), s.SetMeta(t.Context(), "cursor", []byte("1")), s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s = openTiny(t, dir)
	for prefix, want := range map[byte]int{prefixManifest: 0, prefixMeta: 0, prefixPart: 0, prefixGarbage: 0, prefixFormat: 1} {
		if n := s.count(t, prefix); n != want {
			t.Errorf("%d keys %q are left, want %d", n, prefix, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openTiny(t, dir)
	if err := s.Put(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), a.Key); err != nil {
		t.Error(err)
	}
}
