package lm_test

import (
	"fmt"
	"testing"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// BenchmarkRun decodes a token of each of several sequences: the shipped shape, all on adapters of their own, and a Llama of 135M parameters.
func BenchmarkRun(b *testing.B) {
	llama := lm.Config{Arch: "llama", Vocab: 49152, Dim: 576, Layers: 30, Heads: 9, KVHeads: 3, FF: 1536, Context: 2048, RopeTheta: 1e5, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true}
	for _, c := range []struct {
		name  string
		cfg   lm.Config
		batch []int
	}{{"nano", benchConfig, []int{1, 8, 32}}, {"llama135M", llama, []int{1, 8}}} {
		m := randomModel(b, c.cfg)
		init := randomAdapter(m, 128, true, fmt.Sprintf("layers.%d.mlp.down", c.cfg.Layers-1))
		for _, p := range init.Pairs {
			p.TrainA = false
		}
		for _, p := range precisions {
			w := m.Weights(p, init)
			for _, batch := range c.batch {
				b.Run(fmt.Sprintf("model=%s/precision=%v/batch=%d", c.name, p, batch), func(b *testing.B) { benchRun(b, w, init, batch) })
			}
		}
	}
}

func benchRun(b *testing.B, w *lm.Weights, init *lora.Adapter, batch int) {
	d := w.NewDecoder(64)
	var spans []lm.Span
	var marks []lm.Mark
	for i := range batch {
		ad := init.Clone()
		for name, p := range ad.Pairs {
			p.A = init.Pairs[name].A // shared, as loaded adapters share the recipe's
		}
		adapted, err := w.Adapt(ad)
		if err != nil {
			b.Fatal(err)
		}
		s := w.NewSequence()
		s.Reset(adapted)
		d.Run([]lm.Span{{Sequence: s, Tokens: make([]int32, 32)}})
		spans, marks = append(spans, lm.Span{Sequence: s, Tokens: []int32{int32(i)}, Want: true}), append(marks, s.Mark())
	}
	b.ReportAllocs()
	b.SetBytes(w.Bytes())
	for b.Loop() {
		if spans[0].Sequence.Len() == 96 {
			for i := range spans {
				spans[i].Sequence.Rewind(marks[i])
			}
		}
		d.Run(spans)
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "tok/s")
}

// BenchmarkAdapters decodes a token of each of 32 sequences with a Llama of 135M parameters: under no adapter, under one of rank 16 on every linear layer, and
// each under one of its own.
func BenchmarkAdapters(b *testing.B) {
	const batch = 32
	m := randomModel(b, lm.Config{Arch: "llama", Vocab: 49152, Dim: 576, Layers: 30, Heads: 9, KVHeads: 3, FF: 1536, Context: 2048, RopeTheta: 1e5, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true})
	w := m.Weights(lm.Int8, nil)
	var all []*lm.Adapted
	for range batch {
		ad := &lora.Adapter{Scale: .1, Pairs: map[string]*lora.Pair{}}
		for _, l := range m.Linears() {
			ad.Pairs[l.Name] = lora.NewPair(l.In, l.Out, 16)
		}
		adapted, err := w.Adapt(ad)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, adapted)
	}
	none, err := w.Adapt(nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		of   func(i int) *lm.Adapted
	}{{"none", func(int) *lm.Adapted { return none }}, {"one", func(int) *lm.Adapted { return all[0] }}, {"own", func(i int) *lm.Adapted { return all[i] }}} {
		b.Run("adapters="+c.name, func(b *testing.B) {
			d := w.NewDecoder(batch)
			var spans []lm.Span
			for i := range batch {
				s := m.NewSequence()
				s.Reset(c.of(i))
				spans = append(spans, lm.Span{Sequence: s, Tokens: []int32{int32(i)}, Want: true})
			}
			for b.Loop() {
				d.Run(spans)
			}
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}
