package encoder

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/spd"
)

const module = "layers.0.mlp.down"

// written is a document's weighted keys (keys, rank), whose first element is large, as a document's keys have a common part, with one of them twice; and their errors (keys, out).
func written(keys, rank, out int) (q, r []float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	q, r = make([]float32, keys*rank), make([]float32, keys*out)
	for i := range q {
		q[i] = float32(rng.NormFloat64()) * 0.1
		if i%rank == 0 {
			q[i] += 3
		}
	}
	copy(q[(keys-1)*rank:], q[:rank])
	for i := range r {
		r[i] = float32(rng.NormFloat64())
	}
	return q, r
}

// ridges makes the state after the last group of a step in both forms, and the gradients that they whiten.
func ridges(keys, rank, out int, q, r []float32) (primal, dual *covariance, of, none *lora.Adapter) {
	primal = &covariance{lambda: 5e-3, floor: 0.01, rank: rank, module: module, gram: make([]float32, rank*rank)}
	kernel.Gram(rank, keys, q, rank, q, rank, primal.gram, rank)
	dual = &covariance{lambda: 5e-3, floor: 0.01, rank: rank, module: module, keys: q, errors: slices.Clone(r)}
	grad := func() *lora.Adapter {
		return &lora.Adapter{Pairs: map[string]*lora.Pair{module: {Rank: rank, Out: out, B: make([]float32, out*rank)}}}
	}
	of, none = grad(), grad()
	kernel.Gemm(true, false, out, rank, keys, r, out, q, rank, 0, of.Pairs[module].B, rank)
	return primal, dual, of, none
}

func TestDualForm(t *testing.T) {
	for _, size := range [][3]int{{12, 40, 5}, {90, 200, 3}, {150, 128, 70}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			keys, rank, out := size[0], size[1], size[2]
			q, r := written(keys, rank, out)
			primal, dual, want, got := ridges(keys, rank, out, q, r)
			if err := primal.whiten(want); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the factor serves several steps
				dual.errors = append(dual.errors[:0], r...)
				if err := dual.whiten(got); err != nil {
					t.Fatal(err)
				}
				diff, norm := 0.0, 0.0
				for i, w := range want.Pairs[module].B {
					d := float64(got.Pairs[module].B[i]) - float64(w)
					diff, norm = diff+d*d, norm+float64(w)*float64(w)
				}
				if e := math.Sqrt(diff / norm); !(e < 1e-3) { // float32 in the primal's gradient and covariance, over the condition number
					t.Errorf("the dual form differs by %.2g of the norm", e)
				}
			}
			if len(dual.errors) != 0 {
				t.Error("the step's errors were kept for the next one")
			}
		})
	}
}

func TestWhitenRefuses(t *testing.T) {
	q, r := written(12, 40, 5)
	q[50] = float32(math.NaN())
	primal, dual, of, none := ridges(12, 40, 5, q, r)
	for name, err := range map[string]error{"primal": primal.whiten(of), "dual": dual.whiten(none)} {
		if perk.ErrorCode(err) != perk.EInternal || !errors.Is(err, spd.ErrNotPositive) {
			t.Errorf("%s: error %v, want EInternal and why", name, err)
		}
	}
}

// TestRounding: the primal form leaves far less of the rounding's noise where the document's keys read than the next levels would.
func TestRounding(t *testing.T) {
	for _, size := range [][3]int{{12, 140, 5}, {90, 200, 3}, {150, 128, 70}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			keys, rank, out := size[0], size[1], size[2]
			q, r := written(keys, rank, out)
			for i := range q { // neighbours are alike
				if i%rank > 1 {
					q[i] += 0.9 * q[i-1]
				}
			}
			primal, dual, b, _ := ridges(keys, rank, out, q, r)
			if err := primal.whiten(b); err != nil {
				t.Fatal(err)
			}
			if dual.rounding() != nil {
				t.Error("the dual form has a rounding")
			}
			exact := b.Pairs[module].B
			level := func(_ int, v float64) float64 { return 0.1 * (math.Floor(v/0.1) + 0.5) }
			noise := func(x []float32) (sum float64) { // of what the keys read
				for o := range out {
					for k := range keys {
						read := 0.0
						for i := range rank {
							read += float64(x[o*rank+i]-exact[o*rank+i]) * float64(q[k*rank+i])
						}
						sum += read * read
					}
				}
				return sum
			}
			next, rounded := slices.Clone(exact), slices.Clone(exact)
			for i, v := range next {
				next[i] = float32(level(0, float64(v)))
			}
			primal.rounding()(rounded, level)
			if plain, got := noise(next), noise(rounded); got > 0.7*plain {
				t.Errorf("noise %.3g, of the next levels %.3g", got, plain)
			}
		})
	}
}

// BenchmarkWhiten times what a document of so many keys pays beside its passes in either form: the covariance, its factors, the whitened gradient of the shipped model, and in the primal one its rounding.
func BenchmarkWhiten(b *testing.B) {
	const rank, out = 1536, 128
	for _, keys := range []int{200, 600, 800, 1000, 1200, 1536} {
		q, r := written(keys, rank, out)
		primal, dual, of, none := ridges(keys, rank, out, q, r)
		b.Run(fmt.Sprintf("keys=%d/primal", keys), func(b *testing.B) {
			for b.Loop() {
				primal.factor = nil
				kernel.Gram(rank, keys, q, rank, q, rank, primal.gram, rank)
				kernel.Gemm(true, false, out, rank, keys, r, out, q, rank, 0, of.Pairs[module].B, rank)
				if err := primal.whiten(of); err != nil {
					b.Fatal(err)
				}
				primal.rounding()(of.Pairs[module].B, func(_ int, v float64) float64 { return min(max(math.Floor(v), -4), 3) + 0.5 })
			}
		})
		b.Run(fmt.Sprintf("keys=%d/dual", keys), func(b *testing.B) {
			for b.Loop() {
				dual.factor, dual.errors = nil, append(dual.errors[:0], r...)
				if err := dual.whiten(none); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
