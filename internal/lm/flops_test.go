package lm_test

import (
	"testing"

	"github.com/perkdb/perk/internal/lm"
)

// TestFLOPs counts by hand for a model of one layer.
func TestFLOPs(t *testing.T) {
	c := lm.Config{Arch: "nano", Vocab: 10, Dim: 4, Layers: 1, Heads: 2, KVHeads: 2, FF: 8, Context: 16, Conv: 2, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 1, TieEmbeddings: true}
	m := randomModel(t, c)
	b := lm.Batch{Tokens: make([]int32, 10), Targets: make([]int32, 10), B: 2, T: 5}
	b.Targets[0] = -1
	const (
		attention = 2*4*4*4 + 2*4*6 // four projections, causal half of two products
		mlp       = 2 * 2 * 4 * 8
		head      = 9 * 2 * 2 * 4 * 10 // nine targets, both directions
	)
	fast := randomAdapter(m, 3, true, "layers.0.mlp.down")
	fast.Pairs["layers.0.mlp.down"].TrainA = false
	trunk, per := newPass(t, m, b, fast, 1).FLOPs()
	if want := 10. * (attention + mlp + 2*3*8); trunk != want {
		t.Errorf("fast: trunk = %v, want %v", trunk, want)
	}
	if want := 10.*2*2*3*4 + head; per != want {
		t.Errorf("fast: per gradient = %v, want %v", per, want)
	}
	trunk, per = newPass(t, m, b, randomAdapter(m, 3, false, "layers.0.attn.q"), 1).FLOPs()
	if trunk != 0 {
		t.Errorf("attention: trunk = %v, want 0", trunk)
	}
	if want := 10.*(2*attention-3*2*4*4+2*4*6+2*mlp+2*3*4*5) + head; per != want {
		t.Errorf("attention: per gradient = %v, want %v", per, want)
	}
}

// TestFLOPsOfAFusedProjection: one module of three widths counts as three modules.
func TestFLOPsOfAFusedProjection(t *testing.T) {
	c := lm.Config{Arch: "gpt2", Vocab: 10, Dim: 4, Layers: 1, Heads: 2, KVHeads: 2, FF: 8, Context: 16, NormEps: 1e-5, TieEmbeddings: true}
	m := randomModel(t, c)
	b := lm.Batch{Tokens: make([]int32, 10), Targets: make([]int32, 10), B: 2, T: 5}
	trunk, per := newPass(t, m, b, randomAdapter(m, 3, false, "layers.0.attn.qkv"), 1).FLOPs()
	if trunk != 0 {
		t.Errorf("trunk = %v, want 0", trunk)
	}
	const (
		qkv, out, attended, mlp = 2 * 4 * 12, 2 * 4 * 4, 2 * 4 * 6, 2 * 2 * 4 * 8
		down, up                = 2 * 3 * 4, 2 * 3 * 12
	)
	// Forward, back through all but the adapted module, and the adapter: forward, two gradients, and B's way down to A. No target is masked.
	if want := 10.*(qkv+2*out+3*attended+2*mlp+2*down+3*up) + 10*2*2*4*10; per != want {
		t.Errorf("per gradient = %v, want %v", per, want)
	}
}
