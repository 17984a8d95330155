package adapterstore_test

import (
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

// DeleteOne removes one adapter of a document and keeps those of other models, recipes and documents.
func TestDeleteOne(t *testing.T) {
	s, err := adapterstore.Open(t.TempDir(), adapterstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one := storetest.Key("Article", "", "1", 1, 1)
	others := []perk.AdapterKey{storetest.Key("Article", "", "1", 2, 1), storetest.Key("Article", "", "1", 1, 2), storetest.Key("Article", "", "11", 1, 1), storetest.Key("Article", "t", "1", 1, 1)}
	for _, k := range append(others, one) {
		if err := s.Put(t.Context(), storetest.Adapter(k, 1, 100)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // what is gone may be removed again
		if err := s.DeleteOne(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(t.Context(), one); perk.ErrorCode(err) != perk.ENotFound {
		t.Errorf("%v, want ENotFound", err)
	}
	for _, k := range others {
		if _, err := s.Get(t.Context(), k); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
	if err := s.DeleteOne(t.Context(), perk.AdapterKey{}); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("%v, want EInvalid", err)
	}
}
