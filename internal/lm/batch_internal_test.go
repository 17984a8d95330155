package lm

import "testing"

// Groups are as large as the caches like them, but for models whose activations would take the memory.
func TestCutBatchBoundsActivations(t *testing.T) {
	nano := Config{Arch: ArchNano, Vocab: 2048, Dim: 128, Layers: 4, Heads: 2, KVHeads: 2, FF: 512}
	gpt2 := Config{Arch: ArchGPT2, Vocab: 50257, Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, FF: 3072}
	smollm := Config{Arch: ArchLlama, Vocab: 49152, Dim: 576, Layers: 30, Heads: 9, KVHeads: 3, FF: 1536}
	tiny := Config{Arch: ArchLlama, Vocab: 32000, Dim: 2048, Layers: 22, Heads: 32, KVHeads: 4, FF: 5632}
	for _, tc := range []struct {
		name      string
		c         Config
		layers, T int
		want      int // sequences in the first group
	}{
		{"nano", nano, 4, 128, 2}, {"nano", nano, 4, 32, 8}, {"gpt2", gpt2, 12, 128, 2}, {"smollm", smollm, 30, 128, 1}, {"smollm", smollm, 30, 40, 4},
		{"smollm's top", smollm, 8, 128, 2}, {"smollm's trunk", smollm, 1, 128, 2}, {"tinyllama", tiny, 22, 128, 1},
	} {
		m := &Model{cfg: tc.c, arch: archOf(tc.c.Arch)}
		groups := m.cutBatch(Batch{B: 33, T: tc.T}, tc.layers)
		if groups[0].seqs != tc.want {
			t.Errorf("%s, %d layers of %d tokens: groups of %d, want %d", tc.name, tc.layers, tc.T, groups[0].seqs, tc.want)
		}
		at := 0
		for _, g := range groups {
			if g.first != at || g.seqs < 1 || g.seqs > tc.want {
				t.Errorf("%s: group %v at %d", tc.name, g, at)
			}
			at += g.seqs
		}
		if at != 33 {
			t.Errorf("%s: groups end at %d", tc.name, at)
		}
	}
}
