package lm

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

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
