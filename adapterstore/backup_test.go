package adapterstore_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

// backedUp gives a backup, the adapters in it, and the store that it was made of.
func backedUp(t *testing.T) ([]byte, []*perk.Adapter, *adapterstore.Store) {
	t.Helper()
	s := newStore(t, small)
	var all []*perk.Adapter
	for i := range 5 {
		all = append(all, put(t, s, storetest.Adapter(storetest.Key("Book", "", string(rune('a'+i)), 1, 1), uint64(i), 1+i*400<<10)))
	}
	if err := s.SetMeta(t.Context(), "cursor/Book", []byte("42")); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Backup(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), all, s
}

func TestBackupRestore(t *testing.T) {
	b, all, from := backedUp(t)
	opt := small
	opt.PartBytes = 7777 // a backup does not depend on how either store cuts payloads
	s := newStore(t, opt)
	if err := s.Restore(t.Context(), bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		holds(t, s, a)
	}
	if v, err := s.Meta(t.Context(), "cursor/Book"); string(v) != "42" || err != nil {
		t.Errorf("Meta: %q, %v", v, err)
	}
	var again bytes.Buffer
	if err := s.Backup(t.Context(), &again); err != nil || !bytes.Equal(again.Bytes(), b) {
		t.Errorf("a backup of the restored store differs (%v)", err)
	}
	wantCode(t, "into a full store", from.Restore(t.Context(), bytes.NewReader(b)), perk.EConflict)
	holds(t, from, all[0])
}

func TestRestoreAllOrNothing(t *testing.T) {
	b, all, _ := backedUp(t)
	boom := errors.New("the network is gone")
	for name, c := range map[string]struct {
		r    io.Reader
		want perk.Code
	}{
		"empty":           {bytes.NewReader(nil), perk.ECorrupt},
		"truncated early": {bytes.NewReader(b[:len(b)/3]), perk.ECorrupt},
		"no end":          {bytes.NewReader(b[:len(b)-41]), perk.ECorrupt},
		"last byte gone":  {bytes.NewReader(b[:len(b)-1]), perk.ECorrupt},
		"flipped payload": {bytes.NewReader(flipped(b, len(b)/2)), perk.ECorrupt},
		"flipped cursor":  {bytes.NewReader(flipped(b, 8+9+11+9)), perk.ECorrupt},
		"flipped digest":  {bytes.NewReader(flipped(b, len(b)-1)), perk.ECorrupt},
		"broken reader":   {io.MultiReader(bytes.NewReader(b[:len(b)-5]), failing{boom}), perk.EUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, small)
			wantCode(t, "Restore", s.Restore(t.Context(), c.r), c.want)
			if n, err := s.Verify(t.Context(), func(perk.AdapterKey, error) {}); n != 0 || err != nil {
				t.Errorf("%d adapters are served, %v", n, err)
			}
			_, err := s.Meta(t.Context(), "cursor/Book")
			wantCode(t, "Meta", err, perk.ENotFound)
			if err := s.Restore(t.Context(), bytes.NewReader(b)); err != nil { // a good copy still fits
				t.Fatal(err)
			}
			holds(t, s, all[4])
		})
	}
}

// TestRestoreCanceled ends the context in the middle of a restore: what was written so far must go.
func TestRestoreCanceled(t *testing.T) {
	b, _, _ := backedUp(t)
	s := newStore(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(bytes.NewReader(b[:len(b)/2]), calling{cancel}, bytes.NewReader(b[len(b)/2:]))
	wantCode(t, "Restore", s.Restore(ctx, r), perk.ECanceled)
	if n, err := s.Verify(t.Context(), func(perk.AdapterKey, error) {}); n != 0 || err != nil {
		t.Errorf("%d adapters are served, %v", n, err)
	}
}

func TestBackupWriterFails(t *testing.T) {
	_, _, s := backedUp(t)
	wantCode(t, "Backup", s.Backup(t.Context(), failing{errors.New("the pipe is closed")}), perk.EUnavailable)
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// failing fails every read and write.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// calling calls a function when it is read, and is empty.
type calling struct{ fn func() }

func (c calling) Read([]byte) (int, error) { c.fn(); return 0, io.EOF }
