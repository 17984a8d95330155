package spd

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"github.com/perkdb/perk/internal/kernel"
)

// blockSize is the side of a block, a multiple of kernel.Columns64.
const blockSize = 64

// whole rounds up to whole blocks.
func whole(n int) int { return (n + blockSize - 1) / blockSize * blockSize }

// cholesky is a symmetric positive definite matrix A = U^T U with U upper triangular, by blocks; it is padded to whole blocks by an identity.
type cholesky struct {
	size    int
	data    []float64   // (size, size): the upper triangle of A, after factorise of U; what is left of the blocks on the diagonal is never read
	inverse [][]float64 // (blockSize, blockSize) inverses of U's blocks on the diagonal
}

// newCholesky makes a matrix of zeros, but for the padding's ones.
func newCholesky(n int) *cholesky {
	c := &cholesky{size: whole(n)}
	c.data = make([]float64, c.size*c.size)
	for i := n; i < c.size; i++ {
		c.data[i*c.size+i] = 1
	}
	return c
}

// factorise replaces A by U, and tells whether A is positive definite.
func (c *cholesky) factorise(threads int) bool {
	n := c.size
	var row *kernel.Packed64 // -U of the block row, right of the diagonal
	for k := 0; k < n; k += blockSize {
		inverse, ok := c.diagonal(k)
		if !ok {
			return false
		}
		c.inverse = append(c.inverse, inverse)
		first := k + blockSize
		row = kernel.Room64(row, blockSize, n-first)
		// U_kj = U_kk^-T A_kj
		kernel.Spread(threads, (n-first)/blockSize, func(b int) {
			j := b * blockSize
			block := c.data[k*n+first+j:]
			p := kernel.Pack64(row.From(j), blockSize, blockSize, block, n, 1)
			for r := range blockSize {
				clear(block[r*n : r*n+blockSize])
			}
			kernel.MulAdd64(true, blockSize, inverse, blockSize, p, block, n)
			kernel.Pack64(p, blockSize, blockSize, block, n, -1)
		})
		// A_ij -= U_ki^T U_kj for the blocks on and right of the diagonal
		kernel.Spread(threads, (n-first)/blockSize, func(b int) {
			j := b * blockSize
			i := first + j
			kernel.MulAdd64(true, blockSize, c.data[k*n+i:], n, row.From(j), c.data[i*n+i:], n)
		})
	}
	return true
}

// diagonal factorises the block at (k, k) and gives the inverse of its U.
func (c *cholesky) diagonal(k int) (inverse []float64, ok bool) {
	inverse = make([]float64, blockSize*blockSize)
	for r := range blockSize {
		copy(inverse[r*blockSize+r:(r+1)*blockSize], c.data[(k+r)*c.size+k+r:])
	}
	u, ok := lapack64.Potrf(blas64.Symmetric{N: blockSize, Stride: blockSize, Uplo: blas.Upper, Data: inverse})
	if !ok {
		return nil, false
	}
	for r := range blockSize {
		copy(c.data[(k+r)*c.size+k+r:(k+r)*c.size+k+blockSize], inverse[r*blockSize+r:])
	}
	return inverse, lapack64.Trtri(u)
}

// solve replaces y (size, cols) by A^-1 y = U^-1 U^-T y. Where y is zero above the block row first, that is not read, and what becomes of it not computed.
func (c *cholesky) solve(cols int, y []float64, first int) {
	n := c.size
	var p *kernel.Packed64
	// times multiplies block row j of y by op(U_jj^-1), and packs what comes of it, negated.
	times := func(j int, trans bool) {
		at := y[j*blockSize*cols : (j+1)*blockSize*cols]
		p = kernel.Pack64(p, blockSize, cols, at, cols, 1)
		clear(at)
		kernel.MulAdd64(trans, blockSize, c.inverse[j], blockSize, p, at, cols)
		p = kernel.Pack64(p, blockSize, cols, at, cols, -1)
	}
	blocks := n / blockSize
	for j := first; j < blocks; j++ {
		times(j, true)
		if below := (j + 1) * blockSize; below < n { // y_i -= U_ji^T y_j for i > j
			kernel.MulAdd64(true, n-below, c.data[j*blockSize*n+below:], n, p, y[below*cols:], cols)
		}
	}
	for j := blocks - 1; j >= first; j-- {
		times(j, false)
		if above := (j - first) * blockSize; above > 0 { // y_i -= U_ij y_j for first <= i < j
			kernel.MulAdd64(false, above, c.data[first*blockSize*n+j*blockSize:], n, p, y[first*blockSize*cols:], cols)
		}
	}
}
