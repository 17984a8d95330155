package lm_test

import (
	"slices"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// TestBelow: what all layers give, normalised, is the base model's hidden state; threads do not change it.
func TestBelow(t *testing.T) {
	for _, cfg := range configs {
		m := randomModel(t, cfg)
		b := lm.Batch{B: 5, T: 12, Tokens: make([]int32, 60), Targets: make([]int32, 60)}
		for i := range b.Tokens {
			b.Tokens[i], b.Targets[i] = int32(i*7%cfg.Vocab), -1
		}
		x, err := m.Below(t.Context(), b, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		two, err := m.Below(t.Context(), b, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x, two) {
			t.Errorf("%s: two threads give something else", cfg.Arch)
		}
		embedded, err := m.Below(t.Context(), b, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(x, embedded) || len(x) != len(b.Tokens)*cfg.Dim {
			t.Errorf("%s: layer 0 changes nothing", cfg.Arch)
		}
		if _, err := m.Below(t.Context(), b, cfg.Layers+1, 1); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v, want EInvalid", cfg.Arch, err)
		}
	}
}
