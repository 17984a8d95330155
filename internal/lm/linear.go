package lm

import (
	"math"
	"sync"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// linear is a frozen y = x Wᵀ + b.
type linear struct {
	name    string // "": the architecture has no such module
	in, out int
	w       []float32 // (out, in); nil in a bfloat16 view
	b       []float32 // (out); nil: none
	// The weights in bfloat16 for x Wᵀ and for dy W, packed when they are first needed, and the same for a model and its views. Once packed they do not hold on to w.
	fwd, bwd func() *kernel.PackedBF16
}

func newLinear(name string, in, out int, w, b []float32) linear {
	fwd := sync.OnceValue(func() *kernel.PackedBF16 { return kernel.PackBF16(true, in, out, w, in) })
	bwd := sync.OnceValue(func() *kernel.PackedBF16 { return fwd().Turned() })
	return linear{name: name, in: in, out: out, w: w, b: b, fwd: fwd, bwd: bwd}
}

// there tells whether the architecture has the module.
func (l *linear) there() bool { return l.name != "" }

// float32s gives the weights (out, in), rounded in a bfloat16 view.
func (l *linear) float32s() []float32 {
	if l.w == nil {
		return l.fwd().Unpacked()
	}
	return l.w
}

// lowRank is what the forward pass of an adapted linear leaves for its backward pass.
type lowRank struct {
	key []float32 // (rows, rank) scale · f(x Aᵀ)
	inv []float32 // (rows) of the normalisation, NormA only
}

func (t *lowRank) fit(rows int, p *lora.Pair) {
	t.key = grow(t.key, rows*p.Rank)
	t.inv = grow(t.inv, rows)
}

// grow returns a slice of n elements, s itself when it is long enough. The content is undefined. New memory is a sixteenth longer: passes come with the longest
// sequences first, and how many rows fit beside one another varies by less.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n, n+n/16)
	}
	return s[:n]
}

// mul computes y = x Wᵀ + b + beta y for the given rows; beta is 0 or 1. A single row goes by matrix-vector product.
func (l *linear) mul(rows int, x []float32, beta float32, y []float32) {
	if l.b != nil {
		y := y[:rows*l.out]
		if beta == 0 {
			clear(y)
		}
		addRows(y, l.b)
		beta = 1
	}
	switch {
	case l.w == nil:
		kernel.GemmBF16(rows, x, l.in, l.fwd(), beta, y, l.out)
	case rows == 1:
		kernel.Gemv(l.out, l.in, l.w, l.in, x, beta, y)
	default:
		kernel.Gemm(false, true, rows, l.out, l.in, x, l.in, l.w, l.in, beta, y, l.out)
	}
}

// mulGrad computes dx = dy W + beta dx.
func (l *linear) mulGrad(rows int, dy []float32, beta float32, dx []float32) {
	if l.w == nil {
		kernel.GemmBF16(rows, dy, l.out, l.bwd(), beta, dx, l.in)
		return
	}
	kernel.Gemm(false, false, rows, l.in, l.out, dy, l.out, l.w, l.in, beta, dx, l.in)
}

// forward computes y = x Wᵀ + b + scale f(x Aᵀ) Bᵀ + beta y; p may be nil.
func (l *linear) forward(rows int, x []float32, beta float32, y []float32, p *lora.Pair, scale float32, t *lowRank) {
	l.mul(rows, x, beta, y)
	if p != nil {
		keys(rows, x, p, nil, scale, t)
		addLowRank(rows, p, t.key, y)
	}
}

// keys computes t.key = scale f(x Aᵀ), f(x) where A is the identity, with A from packed unless that is nil.
func keys(rows int, x []float32, p *lora.Pair, packed *kernel.PackedBF16, scale float32, t *lowRank) {
	t.fit(rows, p)
	switch {
	case p.Full:
		copy(t.key, x)
	case packed != nil:
		kernel.GemmBF16(rows, x, p.In, packed, 0, t.key, p.Rank)
	case rows == 1:
		kernel.Gemv(p.Rank, p.In, p.A, p.In, x, 0, t.key)
	default:
		kernel.Gemm(false, true, rows, p.Rank, p.In, x, p.In, p.A, p.In, 0, t.key, p.Rank)
	}
	if p.NormA {
		rms(t.key, t.inv[:rows], t.key, p.Rank, lora.NormEps, scale)
	} else {
		kernel.Scale(t.key, scale, t.key)
	}
}

// addLowRank computes y += key Bᵀ.
func addLowRank(rows int, p *lora.Pair, key, y []float32) {
	if rows == 1 {
		kernel.Gemv(p.Out, p.Rank, p.B, p.Rank, key, 1, y)
		return
	}
	kernel.Gemm(false, true, rows, p.Out, p.Rank, key, p.Rank, p.B, p.Rank, 1, y, p.Out)
}

// backward writes the gradient of the tensors of p that train to g, and dx = dy W + (the path through A) + beta dx unless
// dx is nil. tmp is scratch.
func (l *linear) backward(rows int, x, dy []float32, beta float32, dx []float32, p, g *lora.Pair, scale float32, t, tmp *lowRank) {
	if dx != nil {
		l.mulGrad(rows, dy, beta, dx)
	}
	if p == nil {
		return
	}
	if p.TrainB {
		kernel.Gemm(true, false, p.Out, p.Rank, rows, dy, p.Out, t.key, p.Rank, 0, g.B, p.Rank)
	}
	if !p.TrainA && dx == nil {
		return
	}
	tmp.fit(rows, p)
	du := tmp.key // (rows, rank) gradient of x Aᵀ
	kernel.Gemm(false, false, rows, p.Rank, p.Out, dy, p.Out, p.B, p.Rank, 0, du, p.Rank)
	if p.NormA {
		keyGrad(du, t.key, t.inv, p.Rank, scale)
	} else {
		kernel.Scale(du, scale, du)
	}
	if p.TrainA {
		kernel.Gemm(true, false, p.Rank, p.In, rows, du, p.Rank, x, p.In, 0, g.A, p.In)
	}
	switch {
	case dx == nil:
	case p.Full:
		kernel.Add(dx[:len(du)], dx, du)
	default:
		kernel.Gemm(false, false, rows, p.In, p.Rank, du, p.Rank, p.A, p.In, 1, dx, p.In)
	}
}

// keyGrad turns the gradient of key = scale · u · inv into that of u, in place: with n = key/scale,
// du = scale · inv (dkey - n mean(dkey ⊙ n)).
func keyGrad(d, key, inv []float32, rank int, scale float32) {
	if scale == 0 {
		clear(d)
		return
	}
	for r := 0; r*rank < len(d); r++ {
		row, k := d[r*rank:(r+1)*rank], key[r*rank:(r+1)*rank]
		kernel.Axpy(-kernel.Dot(row, k)/(scale*scale*float32(rank)), k, row)
		kernel.Scale(row, scale*inv[r], row)
	}
}

// head is the map from the final hidden states to logits. Its weights are the model's largest matrix and its rows come in
// small blocks, so training packs it, once, for both directions.
type head struct {
	linear
	packed func() (fwd, bwd *kernel.Packed) // nil in a bfloat16 view
}

// logits computes h Eᵀ of rows of final hidden states into out (rows, vocab).
func (h *head) logits(rows int, x, out []float32) {
	if h.w == nil {
		h.mul(rows, x, 0, out)
		return
	}
	fwd, _ := h.packed()
	kernel.GemmPacked(rows, x, h.in, fwd, 0, out, h.out)
}

// hiddenGrad computes the gradient dh of hidden states from that of their logits.
func (h *head) hiddenGrad(rows int, dz, dh []float32) {
	if h.w == nil {
		h.mulGrad(rows, dz, 0, dh)
		return
	}
	_, bwd := h.packed()
	kernel.GemmPacked(rows, dz, h.out, bwd, 0, dh, h.in)
}

func newHead(dim, vocab int, w []float32) head {
	h := head{linear: newLinear("head", dim, vocab, w, nil)}
	h.packed = sync.OnceValues(func() (fwd, bwd *kernel.Packed) {
		return kernel.Pack(true, dim, vocab, w, dim), kernel.Pack(false, vocab, dim, w, dim)
	})
	return h
}

// crossEntropy gives -log p(target) of a row of logits, and replaces them by its gradient, softmax minus one-hot, times sum.
func crossEntropy(logits []float32, target int32) (nll float64, sum float32) {
	z := logits[target]
	top, sum := kernel.ExpMax(logits, logits)
	logits[target] -= sum
	return math.Max(0, float64(top)+math.Log(float64(sum))-float64(z)), sum
}
