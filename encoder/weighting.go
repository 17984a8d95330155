package encoder

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
)

// weighRows is the number of positions that the head looks at at once.
const weighRows = 256

// TokenWeights gives the write weight of every position's target, (B*T): 0 where the batch has no target, and what the
// head says elsewhere, 1 without a head. hidden is lm.Pass.Hidden's (B*T, dim); it is not read without a head. The target of position i
// is the token at i+1 of the same sequence, so the head reads rows i and i+1. Sequences are split over threads; the result has the same bits for any number.
func TokenWeights(w *recipe.Weighting, hidden []float32, b lm.Batch, threads int) []float32 {
	out := make([]float32, b.B*b.T)
	if w == nil {
		for i, t := range b.Targets {
			if t >= 0 {
				out[i] = 1
			}
		}
		return out
	}
	threads = max(1, min(threads, b.B))
	kernel.Spread(threads, threads, func(k int) {
		from, to := b.B*k/threads*b.T, b.B*(k+1)/threads*b.T
		weigh(w, hidden[from*w.Dim:to*w.Dim], b.Targets[from:to], out[from:to], b.T)
	})
	return out
}

// weigh runs the head on whole sequences of T tokens, by blocks of about weighRows.
func weigh(w *recipe.Weighting, hidden []float32, targets []int32, out []float32, T int) {
	rows := min(max(weighRows/T, 1)*T, len(targets))
	before, own := make([]float32, rows*w.Hidden), make([]float32, rows*w.Hidden)
	for i := 0; i < len(targets); i += rows {
		n := min(rows, len(targets)-i)
		weighBlock(w, hidden[i*w.Dim:], targets[i:i+n], out[i:], before, own)
	}
}

// weighBlock runs the head on whole sequences. before and own are scratch, (len(targets), Hidden) each.
func weighBlock(w *recipe.Weighting, hidden []float32, targets []int32, out, before, own []float32) {
	// W1 [h_{t-1}; h_t] is the sum of two products, each over all rows at once, with the two halves of W1.
	n := len(targets)
	kernel.Gemm(false, true, n, w.Hidden, w.Dim, hidden, w.Dim, w.W1, 2*w.Dim, 0, before, w.Hidden)
	kernel.Gemm(false, true, n, w.Hidden, w.Dim, hidden, w.Dim, w.W1[w.Dim:], 2*w.Dim, 0, own, w.Hidden)
	for i, t := range targets {
		if t < 0 {
			continue
		}
		h := before[i*w.Hidden : (i+1)*w.Hidden]
		kernel.Add(h, h, own[(i+1)*w.Hidden:(i+2)*w.Hidden])
		kernel.Add(h, h, w.B1)
		kernel.Gelu(h, h)
		out[i] = float32(softplus(float64(w.B2[0]+kernel.Dot(h, w.W2)), recipe.Beta))
	}
}

// softplus is log(1 + exp(beta x)) / beta without overflow.
func softplus(x, beta float64) float64 {
	return (max(beta*x, 0) + math.Log1p(math.Exp(-math.Abs(beta*x)))) / beta
}
