package lm_test

import (
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// full gives an adapter that updates whole matrices, and the same with the identity as its A.
func full(m *lm.Model, norm bool, names ...string) (whole, spelt *lora.Adapter) {
	whole = randomAdapter(m, 1, norm, names...)
	for name, p := range whole.Pairs {
		q := randomAdapter(m, p.In, norm, name).Pairs[name]
		q.A, q.Full, q.TrainA = nil, true, false
		whole.Pairs[name] = q
	}
	spelt = whole.Clone()
	for _, p := range spelt.Pairs {
		p.A, p.Full = p.Down(), false
	}
	return whole, spelt
}

func to64(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// An update of the whole matrix is the pair whose A is the identity: in passes, their gradients, and decoders.
func TestFullIsTheIdentity(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		b := randomBatch(c, 3, 20)
		low := "layers.0.attn.o"
		if c.Arch == lm.ArchGPT2 {
			low = "layers.0.mlp.up"
		}
		for _, names := range [][]string{{lastDown(c)}, {low, lastDown(c)}} {
			for _, norm := range []bool{true, false} {
				whole, spelt := full(m, norm, names...)
				var logits, grads [2][]float32
				for i, ad := range []*lora.Adapter{whole, spelt} {
					p := newPass(t, m, b, ad, 2)
					var err error
					if logits[i], err = p.Logits(t.Context(), ad); err != nil {
						t.Fatal(err)
					}
					g := ad.Zeros()
					if _, err := p.Gradient(t.Context(), ad, nil, g); err != nil {
						t.Fatal(err)
					}
					for _, x := range g.Trained() {
						grads[i] = append(grads[i], x.Data...)
					}
					w := m.Weights(lm.Float32, ad)
					for _, r := range newReaders(t, w, []*lora.Adapter{ad, ad}, 1) {
						d := w.NewDecoder(64)
						for _, span := range r.spans {
							d.Run([]lm.Span{{Sequence: r.seq, Tokens: span, Want: true}})
							logits[i] = append(logits[i], slices.Clone(d.Logits(0))...)
						}
					}
				}
				closeTo(t, name+" logits", logits[0], to64(logits[1]), 1e-5)
				closeTo(t, name+" gradient", grads[0], to64(grads[1]), 1e-5)
			}
		}
	}
}
