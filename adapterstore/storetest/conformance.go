package storetest

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
)

// Run holds a store to the contract of perk.AdapterStore.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, perk.AdapterStore)
	}{
		{"PutGet", testPutGet}, {"Replace", testReplace}, {"Missing", testMissing}, {"Invalid", testInvalid}, {"Delete", testDelete},
		{"List", testList}, {"Canceled", testCanceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, New(t, open)) })
	}
	t.Run("Reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("Closed", func(t *testing.T) { testClosed(t, open) })
}

func mustPut(t *testing.T, s perk.AdapterStore, a *perk.Adapter) {
	t.Helper()
	if err := s.Put(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func mustHold(t *testing.T, s perk.AdapterStore, want *perk.Adapter) {
	t.Helper()
	got, err := s.Get(t.Context(), want.Key)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.AdapterInfo, got.AdapterInfo); d != "" || !bytes.Equal(want.Payload, got.Payload) {
		t.Errorf("Get: payload of %d bytes, want %d; description (-want +got):\n%s", len(got.Payload), len(want.Payload), d)
	}
	info, err := s.Info(t.Context(), want.Key)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.AdapterInfo, info); d != "" {
		t.Errorf("Info (-want +got):\n%s", d)
	}
}

func wantCode(t *testing.T, what string, err error, want perk.Code) {
	t.Helper()
	if got := perk.ErrorCode(err); got != want {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, want)
	}
}

func testPutGet(t *testing.T, s perk.AdapterStore) {
	for i, size := range []int{1, 1000, 512 << 10, 512<<10 + 1, 3 << 20} {
		a := Adapter(Key("Book", "", string(rune('a'+i)), 1, 1), uint64(i), size)
		mustPut(t, s, a)
		mustHold(t, s, a)
	}
}

func testReplace(t *testing.T, s perk.AdapterStore) {
	k := Key("Book", "t1", "a", 1, 1)
	for i, size := range []int{2 << 20, 10, 5 << 20, 700 << 10} {
		a := Adapter(k, uint64(i), size)
		mustPut(t, s, a)
		mustHold(t, s, a)
	}
}

func testMissing(t *testing.T, s perk.AdapterStore) {
	mustPut(t, s, Adapter(Key("Book", "", "a", 1, 1), 1, 10))
	for _, k := range []perk.AdapterKey{Key("Book", "", "b", 1, 1), Key("Book", "", "a", 2, 1), Key("Book", "", "a", 1, 2), Key("Book", "t", "a", 1, 1)} {
		_, err := s.Get(t.Context(), k)
		wantCode(t, "Get", err, perk.ENotFound)
		_, err = s.Info(t.Context(), k)
		wantCode(t, "Info", err, perk.ENotFound)
	}
	if n, err := s.Delete(t.Context(), Key("Book", "", "b", 1, 1).Document); n != 0 || err != nil {
		t.Errorf("Delete of a missing document: %d, %v", n, err)
	}
}

func testInvalid(t *testing.T, s perk.AdapterStore) {
	good := func() *perk.Adapter { return Adapter(Key("Book", "", "a", 1, 1), 1, 10) }
	for name, change := range map[string]func(*perk.Adapter){
		"no collection":  func(a *perk.Adapter) { a.Key.Document.Collection = "" },
		"no uuid":        func(a *perk.Adapter) { a.Key.Document.UUID = "" },
		"slash":          func(a *perk.Adapter) { a.Key.Document.UUID = "a/b" },
		"zero byte":      func(a *perk.Adapter) { a.Key.Document.Tenant = "a\x00b" },
		"empty payload":  func(a *perk.Adapter) { a.Payload, a.Bytes = nil, 0 },
		"wrong size":     func(a *perk.Adapter) { a.Bytes++ },
		"wrong digest":   func(a *perk.Adapter) { a.Digest[0]++ },
		"loss not a sum": func(a *perk.Adapter) { a.Loss = []float64{math.NaN()} },
	} {
		a := good()
		change(a)
		wantCode(t, name, s.Put(t.Context(), a), perk.EInvalid)
	}
	bad := Key("Book", "", "", 1, 1)
	_, err := s.Get(t.Context(), bad)
	wantCode(t, "Get", err, perk.EInvalid)
	_, err = s.Delete(t.Context(), bad.Document)
	wantCode(t, "Delete", err, perk.EInvalid)
	for _, err := range s.List(t.Context(), "a/b") {
		wantCode(t, "List", err, perk.EInvalid)
	}
	if n, err := s.Verify(t.Context(), func(perk.AdapterKey, error) {}); n != 0 || err != nil {
		t.Errorf("refused adapters were stored: %d, %v", n, err)
	}
}

func testDelete(t *testing.T, s perk.AdapterStore) {
	stay := []*perk.Adapter{Adapter(Key("Book", "", "ab", 1, 1), 1, 10), Adapter(Key("Book", "a", "a", 1, 1), 2, 10), Adapter(Key("Boo", "", "a", 1, 1), 3, 10)}
	for _, a := range stay {
		mustPut(t, s, a)
	}
	for i := range 3 {
		mustPut(t, s, Adapter(Key("Book", "", "a", byte(i), 1), uint64(i), 2<<20))
	}
	n, err := s.Delete(t.Context(), Key("Book", "", "a", 0, 0).Document)
	if n != 3 || err != nil {
		t.Fatalf("Delete: %d, %v, want 3", n, err)
	}
	_, err = s.Get(t.Context(), Key("Book", "", "a", 1, 1))
	wantCode(t, "Get", err, perk.ENotFound)
	for _, a := range stay {
		mustHold(t, s, a)
	}
}

func testList(t *testing.T, s perk.AdapterStore) {
	want := []perk.AdapterKey{ // in key order
		Key("A", "", "x", 1, 1), Key("Book", "", "a", 1, 1), Key("Book", "", "a", 1, 2), Key("Book", "", "a", 2, 0), Key("Book", "", "b", 0, 0),
		Key("Book", "t", "a", 1, 1), Key("Book2", "", "a", 1, 1), Key("Bücher", "", "a", 1, 1),
	}
	for i := range want {
		mustPut(t, s, Adapter(want[(i*5)%len(want)], uint64(i), 10))
	}
	list := func(collection string) (keys []perk.AdapterKey) {
		for info, err := range s.List(t.Context(), collection) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, info.Key)
		}
		return keys
	}
	for collection, want := range map[string][]perk.AdapterKey{"": want, "Book": want[1:6], "Bo": nil, "Bücher": want[7:]} {
		if d := cmp.Diff(want, list(collection)); d != "" {
			t.Errorf("List(%q) (-want +got):\n%s", collection, d)
		}
	}
	var first []perk.AdapterKey
	for info := range s.List(t.Context(), "") { // the store stays usable in a walk, and the walk can be left
		mustPut(t, s, Adapter(info.Key, 9, 20))
		if first = append(first, info.Key); len(first) == 2 {
			break
		}
	}
	if !slices.Equal(first, want[:2]) {
		t.Errorf("a walk that was left gave %v", first)
	}
}

func testCanceled(t *testing.T, s perk.AdapterStore) {
	a := Adapter(Key("Book", "", "a", 1, 1), 1, 10)
	mustPut(t, s, a)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantCode(t, "Put", s.Put(ctx, a), perk.ECanceled)
	_, err := s.Get(ctx, a.Key)
	wantCode(t, "Get", err, perk.ECanceled)
	_, err = s.Info(ctx, a.Key)
	wantCode(t, "Info", err, perk.ECanceled)
	_, err = s.Delete(ctx, a.Key.Document)
	wantCode(t, "Delete", err, perk.ECanceled)
	_, err = s.Verify(ctx, func(perk.AdapterKey, error) {})
	wantCode(t, "Verify", err, perk.ECanceled)
	mustHold(t, s, a)
}

func testReopen(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir)
	a := Adapter(Key("Book", "", "a", 1, 1), 1, 2<<20)
	mustPut(t, s, a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	mustHold(t, s, a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := MustVerify(t, open, dir); n != 1 {
		t.Errorf("%d adapters, want 1", n)
	}
}

func testClosed(t *testing.T, open Open) {
	s := open(t, t.TempDir())
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a := Adapter(Key("Book", "", "a", 1, 1), 1, 10)
	wantCode(t, "Put", s.Put(t.Context(), a), perk.EUnavailable)
	_, err := s.Get(t.Context(), a.Key)
	wantCode(t, "Get", err, perk.EUnavailable)
}
