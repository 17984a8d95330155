package encoder_test

import (
	"bytes"
	"testing"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// TestBits: the recipe's bits change how the same delta is stored and under which key, and nothing else.
func TestBits(t *testing.T) {
	m := recipetest.Model(t, 1)
	exact := recipetest.Perk(t, m)
	d := document(story(3))
	whole, err := newEncoder(t, m, exact, encoder.Options{}).Encode(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	delta, err := lora.Unmarshal(whole.Payload, exact.Init)
	if err != nil {
		t.Fatal(err)
	}
	for _, bits := range []int{8, 4, 2, 1} {
		r := *exact
		r.Bits = bits
		a, err := newEncoder(t, m, &r, encoder.Options{}).Encode(t.Context(), d, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := delta.Pack(bits, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Payload, want) || a.Bytes != int64(len(want)) || len(want) >= len(whole.Payload) {
			t.Errorf("%d bits: payload of %d bytes is not the packed delta of %d (exact: %d)", bits, a.Bytes, len(want), len(whole.Payload))
		}
		if a.Key == whole.Key {
			t.Errorf("%d bits: the adapter has the key of the exact one", bits)
		}
	}
}
