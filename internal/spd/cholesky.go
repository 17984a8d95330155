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
	data    []float64          // (size, size): the upper triangle of A, after factorise of U; what is left of the blocks on the diagonal is never read
	inverse [][]float64        // (blockSize, blockSize) inverses of U's blocks on the diagonal
	row     []*kernel.Packed64 // -U of each block row, right of the diagonal
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
func (c *cholesky) factorise() bool {
	n := c.size
	for k := 0; k < n; k += blockSize {
		inverse, ok := c.diagonal(k)
		if !ok {
			return false
		}
		c.inverse = append(c.inverse, inverse)
		right := n - k - blockSize
		if right == 0 {
			c.row = append(c.row, nil)
			break
		}
		// U_kj = U_kk^-T A_kj
		block := c.data[k*n+k+blockSize:]
		p := kernel.Pack64(nil, false, blockSize, right, block, n, 1)
		for r := range blockSize {
			clear(block[r*n : r*n+right])
		}
		kernel.MulAdd64(true, blockSize, inverse, blockSize, p, block, n)
		p = kernel.Pack64(p, false, blockSize, right, block, n, -1)
		c.row = append(c.row, p)
		// A_ij -= U_ki^T U_kj for the blocks on and right of the diagonal
		for i := k + blockSize; i < n; i += blockSize {
			kernel.MulAdd64(true, blockSize, c.data[k*n+i:], n, p.From(i-k-blockSize), c.data[i*n+i:], n)
		}
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

// solve replaces x (rows, size) by x A^-1 = x U^-1 U^-T. Where x is zero left of the block column first, so is what is read of it, and that is all that is computed.
func (c *cholesky) solve(rows int, x []float64, first int) {
	n := c.size
	part := make([]float64, rows*blockSize)
	// times multiplies block column j of x by op(U_jj^-1) and leaves the result in part too.
	var p *kernel.Packed64
	times := func(j int, trans bool) {
		at := x[j*blockSize:]
		for r := range rows {
			copy(part[r*blockSize:(r+1)*blockSize], at[r*n:])
			clear(at[r*n : r*n+blockSize])
		}
		p = kernel.Pack64(p, trans, blockSize, blockSize, c.inverse[j], blockSize, 1)
		kernel.MulAdd64(false, rows, part, blockSize, p, at, n)
		for r := range rows {
			copy(part[r*blockSize:(r+1)*blockSize], at[r*n:])
		}
	}
	blocks := n / blockSize
	for j := first; j < blocks; j++ {
		times(j, false)
		if j+1 < blocks {
			kernel.MulAdd64(false, rows, part, blockSize, c.row[j], x[(j+1)*blockSize:], n)
		}
	}
	var column *kernel.Packed64
	for j := blocks - 1; j >= first; j-- {
		times(j, true)
		if left := j - first; left > 0 {
			// x_i -= x_j U_ij^T for first <= i < j
			column = kernel.Pack64(column, true, blockSize, left*blockSize, c.data[first*blockSize*n+j*blockSize:], n, -1)
			kernel.MulAdd64(false, rows, part, blockSize, column, x[first*blockSize:], n)
		}
	}
}
