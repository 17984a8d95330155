package spd

import (
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/perkdb/perk/internal/kernel"
)

// Round replaces each element of x (rows, n) by one that level gives, so that what rounding changes, e = x - level, is small in the norm of A: the sum over the rows of
// e A e^T. The next level would be the best one if A were diagonal. Here each element, from the last to the first, takes the level next to where the norm is least, given the errors
// behind it and with those before it still free to make good for them: Babai's nearest plane, which quantises neural networks as GPTQ (arXiv 2210.17323).
func Round(f *Factor, rows int, x []float32, level func(row int, v float64) float64) {
	f.spread(rows, func(first, rows, cols int) {
		round(f, rows, cols, x[first*f.n:], func(r int, v float64) float64 { return level(first+r, v) })
	})
}

// round does so for some rows on one thread. With A = U^T U the norm is the sum over i of (U_ii e_i + y_i)^2, where y_i is the sum over j > i of U_ij e_j; the elements
// before i can bring the terms before i to nothing, so e_i is chosen for its own.
func round(f *Factor, rows, cols int, x []float32, level func(row int, v float64) float64) {
	u, size := f.u.data, f.u.size
	y := make([]float64, size*cols)           // (size, cols): a row's in a column
	errors := make([]float64, blockSize*cols) // of a block's elements, alike
	var p *kernel.Packed64
	for k := size - blockSize; k >= 0; k -= blockSize {
		clear(errors)
		for i := min(k+blockSize, f.n) - 1; i >= k; i-- {
			e, own := errors[(i-k)*cols:(i-k+1)*cols], 1/u[i*size+i]
			for r := range rows {
				v := float64(x[r*f.n+i])
				to := level(r, v+y[i*cols+r]*own)
				x[r*f.n+i], e[r] = float32(to), v-to
			}
			for j := k; j < i; j++ { // the rest of the block
				blas64.Axpy(u[j*size+i], blas64.Vector{N: cols, Inc: 1, Data: e}, blas64.Vector{N: cols, Inc: 1, Data: y[j*cols : (j+1)*cols]})
			}
		}
		p = kernel.Pack64(p, blockSize, cols, errors, cols, 1)
		kernel.MulAdd64(false, k, u[k:], size, p, y, cols)
	}
}
