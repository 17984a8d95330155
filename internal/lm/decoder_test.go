package lm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

var precisions = []lm.Precision{lm.Float32, lm.BFloat16, lm.Int8}

// reader is one sequence and what it is to read, span by span.
type reader struct {
	seq   *lm.Sequence
	spans [][]int32
	got   [][]float32 // logits after each span
}

func newReaders(t testing.TB, w *lm.Weights, ads []*lora.Adapter, seed uint64) []*reader {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	vocab := w.Config().Vocab
	var out []*reader
	for i, ad := range ads {
		adapted, err := w.Adapt(ad)
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{seq: w.NewSequence()}
		r.seq.Reset(adapted)
		for _, n := range []int{3 + 5*i, 1, 1, 4, 1, 1} {
			span := make([]int32, n)
			for j := range span {
				span[j] = int32(rng.IntN(vocab))
			}
			r.spans = append(r.spans, span)
		}
		out = append(out, r)
	}
	return out
}

// TestBatchChangesNothing reads sequences on different adapters, on one, and on none together and apart, in every precision: the logits are the same bit for bit.
func TestBatchChangesNothing(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		init := randomAdapter(m, 3, true, lastDown(c))
		init.Pairs[lastDown(c)].TrainA = false
		other := init.Clone()
		other.Pairs[lastDown(c)].A = init.Pairs[lastDown(c)].A // shared, as loaded adapters share the recipe's
		other.Pairs[lastDown(c)].B[0]++
		ads := []*lora.Adapter{init, other, nil, randomAdapter(m, 4, false), other, randomAdapter(m, 2, true)}
		for _, p := range precisions {
			w := m.Weights(p, init)
			apart := newReaders(t, w, ads, 1)
			for _, r := range apart {
				d := w.NewDecoder(64)
				for _, span := range r.spans {
					d.Run([]lm.Span{{Sequence: r.seq, Tokens: span, Want: true}})
					r.got = append(r.got, slices.Clone(d.Logits(0)))
				}
			}
			together := newReaders(t, w, ads, 1)
			d := w.NewDecoder(128)
			for step := 0; step < len(apart[0].spans)+len(ads); step++ { // each joins a step after the one before it
				var spans []lm.Span
				var of []*reader
				for i, r := range together {
					if at := step - i; at >= 0 && at < len(r.spans) {
						spans, of = append(spans, lm.Span{Sequence: r.seq, Tokens: r.spans[at], Want: true}), append(of, r)
					}
				}
				d.Run(spans)
				for i, r := range of {
					r.got = append(r.got, slices.Clone(d.Logits(i)))
				}
			}
			for i := range ads {
				for j := range apart[i].got {
					if !slices.Equal(apart[i].got[j], together[i].got[j]) {
						t.Errorf("%s, %v: span %d of sequence %d differs in company", name, p, j, i)
					}
				}
			}
		}
	}
}

// TestPrecisions holds the narrow forms to the logits of float32, and to being no copy of it.
func TestPrecisions(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		ads := []*lora.Adapter{randomAdapter(m, 3, true, lastDown(c)), randomAdapter(m, 4, false)}
		last := func(p lm.Precision) [][]float32 {
			w := m.Weights(p, nil)
			d := w.NewDecoder(64)
			var out [][]float32
			for _, r := range newReaders(t, w, ads, 2) {
				for _, span := range r.spans {
					d.Run([]lm.Span{{Sequence: r.seq, Tokens: span, Want: true}})
				}
				out = append(out, slices.Clone(d.Logits(0)))
			}
			return out
		}
		want := last(lm.Float32)
		for p, limit := range map[lm.Precision]float64{lm.BFloat16: .03, lm.Int8: .05} { // of the root mean square of the logits
			for i, got := range last(p) {
				var diff, size float64
				for j, v := range got {
					diff += math.Pow(float64(v-want[i][j]), 2)
					size += math.Pow(float64(want[i][j]), 2)
				}
				if e := math.Sqrt(diff / size); e > limit || e == 0 {
					t.Errorf("%s, %v, sequence %d: relative error %.4f, want up to %v", name, p, i, e, limit)
				}
			}
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget, and the kernels keep their scratch in one")
	}
	for name, c := range configs {
		m := randomModel(t, c)
		for _, p := range precisions {
			w := m.Weights(p, nil)
			readers := newReaders(t, w, []*lora.Adapter{randomAdapter(m, 3, true), nil, randomAdapter(m, 4, false)}, 3)
			d := w.NewDecoder(64)
			var spans []lm.Span
			for _, r := range readers {
				spans = append(spans, lm.Span{Sequence: r.seq, Tokens: r.spans[1], Want: true})
			}
			if n := testing.AllocsPerRun(50, func() { d.Run(spans) }); n != 0 {
				t.Errorf("%s, %v: %v allocations a run", name, p, n)
			}
		}
	}
}

func TestRunRefusesTooManyTokens(t *testing.T) {
	w := randomModel(t, configs["nano"]).Weights(lm.Float32, nil)
	r := newReaders(t, w, []*lora.Adapter{nil}, 1)[0]
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.NewDecoder(2).Run([]lm.Span{{Sequence: r.seq, Tokens: []int32{1, 2, 3}}})
}
