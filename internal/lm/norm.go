package lm

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// affine is what follows a normalisation; either part is nil where the architecture has none.
type affine struct {
	gain, bias []float32 // (dim)
}

// apply computes dst = x ⊙ gain + bias, row by row; dst may be x. Without a gain it does nothing: then dst must be x.
func (f affine) apply(dst, x []float32) {
	if f.gain == nil {
		return
	}
	gainRows(dst, x, f.gain)
	if f.bias != nil {
		addRows(dst[:len(x)], f.bias)
	}
}

// gainRows computes dst = x ⊙ gain, row by row; dst may be x.
func gainRows(dst, x, gain []float32) {
	dim := len(gain)
	for r := 0; r < len(x); r += dim {
		kernel.Mul(dst[r:r+dim], x[r:r+dim], gain)
	}
}

// addRows adds bias to every row of x.
func addRows(x, bias []float32) {
	dim := len(bias)
	for r := 0; r < len(x); r += dim {
		kernel.Add(x[r:r+dim], x[r:r+dim], bias)
	}
}

// normalise writes scale · norm(x) to n and each row's factor to inv: root-mean-square normalisation, of the centred rows
// (which is LayerNorm) where the architecture centres.
func (m *Model) normalise(n, inv, x []float32, scale float32) {
	if m.arch.centred() {
		centre(n, x[:len(inv)*m.cfg.Dim], m.cfg.Dim)
		x = n
	}
	rms(n, inv, x, m.cfg.Dim, m.cfg.NormEps, scale)
}

// normGrad adds to dx the gradient through n = norm(x), given that of n in dn, which it may change. Rows of n that were
// centred have mean zero, so centring dn is all that centring adds.
func (m *Model) normGrad(dx, dn, n, inv []float32) {
	if m.arch.centred() {
		centre(dn, dn, m.cfg.Dim)
	}
	rmsGrad(dx, dn, n, inv, m.cfg.Dim)
}

// centre subtracts its mean from every row of x; n may be x.
func centre(n, x []float32, dim int) {
	for r := 0; r < len(x); r += dim {
		row := x[r : r+dim]
		kernel.Shift(n[r:r+dim], row, -kernel.Sum(row)/float32(dim))
	}
}

// rms writes scale · x / sqrt(mean(x²) + eps) to n, for every row of width dim, and each row's 1/sqrt(...) to inv.
func rms(n, inv, x []float32, dim int, eps float64, scale float32) {
	for r := range inv {
		row := x[r*dim : (r+1)*dim]
		inv[r] = float32(1 / math.Sqrt(float64(kernel.SumSq(row))/float64(dim)+eps))
		kernel.Scale(n[r*dim:(r+1)*dim], inv[r]*scale, row)
	}
}

// rmsGrad adds to dx the gradient through n = x · inv: dx += inv (dn - n mean(dn ⊙ n)).
func rmsGrad(dx, dn, n, inv []float32, dim int) {
	for r, s := range inv {
		row, g := n[r*dim:(r+1)*dim], dn[r*dim:(r+1)*dim]
		out := dx[r*dim : (r+1)*dim]
		kernel.Axpy(s, g, out)
		kernel.Axpy(-s*kernel.Dot(g, row)/float32(dim), row, out)
	}
}
