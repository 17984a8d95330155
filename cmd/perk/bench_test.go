package main

import (
	"path/filepath"
	"testing"

	"github.com/perkdb/perk/internal/lm"
)

func TestBenchAsk(t *testing.T) {
	w := newWorld(t)
	plots := t.TempDir()
	r := decode[askReport](t, w.ok("bench", "ask", "--stored", "12,20", "--clients", "1,4", "--n", "2", "--turn", "10ms", "--tokens", "200,400", "--plots", plots, "--json"))
	if len(r.Lengths) != 2 || r.Lengths[1].Document != 400 || r.Lengths[0].P50 <= 0 || r.Lengths[0].P99 < r.Lengths[0].P50 || r.Lengths[0].Answer < 1 || r.Plugin.P50 <= r.Lengths[0].P50/2 {
		t.Errorf("%+v", r)
	}
	if len(r.Loads) != 2 || r.Loads[1].Clients != 4 || r.Loads[1].Apart <= 0 || r.Loads[1].Same <= 0 || r.Loads[1].Ratio <= 0 {
		t.Errorf("%+v", r.Loads)
	}
	if len(r.Stores) != 2 || r.Stores[1].Stored != 20 || r.Stores[1].Cold.P50 <= 0 || r.Stores[1].Warm.P50 <= 0 {
		t.Errorf("%+v", r.Stores)
	}
	if drawn, err := filepath.Glob(filepath.Join(plots, "answer-*.svg")); err != nil || len(drawn) != 3 {
		t.Errorf("%v, %v", drawn, err)
	}
	w.fails([]string{"rising"}, "bench", "ask", "--stored", "20,12")
	w.fails([]string{"int3"}, "bench", "decode", "--precision", "int3")
}

func TestBenchDecode(t *testing.T) {
	cfg := lm.Config{Arch: lm.ArchLlama, Vocab: 97, Dim: 64, Layers: 2, Heads: 4, KVHeads: 2, FF: 96, Context: 256, RopeTheta: 1e4, NormEps: 1e-5, TieEmbeddings: true}
	for _, p := range []lm.Precision{lm.Int8, lm.BFloat16, lm.Float32} {
		plan := decodePlan{bench: bench{threads: 1, runs: 2}, shape: cfg, precision: p, rank: 2, prompt: 70, tokens: 3, array: 1 << 20}
		r, err := plan.measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Prompt != 70 || r.Bytes <= 0 || r.Prefill <= 0 || r.Tokens <= 0 || r.Memory <= 0 || r.Share <= 0 {
			t.Errorf("%+v", r)
		}
	}
	long := decodePlan{bench: bench{threads: 1, runs: 2}, shape: cfg, prompt: 251, tokens: 3, array: 1 << 20}
	if _, err := long.measure(t.Context()); err == nil {
		t.Error("a prompt that leaves no room was taken")
	}
}

func TestQuantile(t *testing.T) {
	v := []int{5, 1, 4, 2, 3}
	for q, want := range map[float64]int{0: 1, .5: 3, .99: 5, 1: 5} {
		if got := quantile(v, q); got != want {
			t.Errorf("quantile %v: %d, want %d", q, got, want)
		}
	}
}
