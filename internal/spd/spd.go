// Package spd factorises symmetric positive definite matrices and multiplies by their inverses, for the ridge rule of the inner loop, in the encoder and in
// meta-training alike. Everything is computed in float64, because the condition number of a document's key covariance exceeds what float32 can invert.
//
// Matrices are cut into blocks. gonum's LAPACK, of which this package is the sole importer, factorises those on the diagonal; all other work is products of blocks
// (kernel.MulAdd64), which threads share. Results have the same bits for any number of threads.
package spd

import (
	"errors"

	"github.com/perkdb/perk/internal/kernel"
)

// ErrNotPositive is returned for a matrix that is not positive definite, which also holds for one with a NaN.
var ErrNotPositive = errors.New("the matrix is not positive definite")

// maxShift bounds how far, as a share of its largest diagonal element, a matrix is shifted up before it counts as not positive definite.
const maxShift = 1e-3

// Factor is a factorised symmetric positive definite (n, n) matrix A, ready to multiply by its inverse.
type Factor struct {
	n       int
	threads int
	u       *cholesky
}

// Factorise factorises a + lambda I for the symmetric (n, n) matrix a, of which only the upper triangle is read, on so many threads, as Solve will work.
//
// The covariance of a long document is summed in float32, and rounding can leave it a little short of positive definite. Such a matrix
// is shifted up by 1e-7 of its largest diagonal element, or by the first power of ten times that which suffices, up to maxShift. Errors: ErrNotPositive.
func Factorise[T kernel.Float](threads, n int, a []T, lambda T) (*Factor, error) {
	largest := 0.0 // NaN stays NaN
	for i := range n {
		largest = max(largest, float64(a[i*n+i]+lambda))
	}
	for shift := 0.0; ; {
		c := newCholesky(n)
		kernel.Spread(threads, n, func(i int) {
			row := c.data[i*c.size : i*c.size+n]
			for j, v := range a[i*n+i : (i+1)*n] {
				row[i+j] = float64(v)
			}
			row[i] += float64(lambda) + shift
		})
		if c.factorise(threads) {
			return &Factor{n, max(threads, 1), c}, nil
		}
		if shift = max(1e-7*largest, 10*shift); !(shift > 0 && shift <= maxShift*largest) {
			return nil, ErrNotPositive
		}
	}
}

// Solve replaces x (rows, n) by x A^-1.
func Solve[T kernel.Float](f *Factor, rows int, x []T) {
	f.spread(rows, func(first, rows, cols int) { solve(f, rows, cols, x[first*f.n:]) })
}

// spread calls each for parts of so many rows, on the factor's threads; cols is a part's rows rounded up to Columns64.
func (f *Factor) spread(rows int, each func(first, rows, cols int)) {
	part := (rows + f.threads - 1) / f.threads
	part = (part + kernel.Columns64 - 1) / kernel.Columns64 * kernel.Columns64
	kernel.Spread(f.threads, (rows+part-1)/part, func(i int) {
		first := i * part
		each(first, min(part, rows-first), part)
	})
}

// solve does so on one thread.
func solve[T kernel.Float](f *Factor, rows, cols int, x []T) {
	y := make([]float64, f.u.size*cols) // the transpose
	for r := range rows {
		for j, v := range x[r*f.n : (r+1)*f.n] {
			y[j*cols+r] = float64(v)
		}
	}
	f.u.solve(cols, y, 0)
	for r := range rows {
		for j := range f.n {
			x[r*f.n+j] = T(y[j*cols+r])
		}
	}
}

// Invert writes the inverse of the symmetric (n, n) matrix a into out, shifted as Factorise does; only a's upper triangle is read. The result is exactly symmetric. Errors: ErrNotPositive.
func Invert[T kernel.Float](n int, a, out []T) error {
	f, err := Factorise(1, n, a, 0)
	if err != nil {
		return err
	}
	y := make([]float64, f.u.size*blockSize)
	for from := 0; from < n; from += blockSize { // columns of the identity, of which what lies above the diagonal is known from the left
		clear(y)
		cols := min(blockSize, n-from)
		for c := range cols {
			y[(from+c)*blockSize+c] = 1
		}
		f.u.solve(blockSize, y, from/blockSize)
		for c := range cols {
			i := from + c
			for j := i; j < n; j++ {
				out[i*n+j] = T(y[j*blockSize+c])
				out[j*n+i] = out[i*n+j]
			}
		}
	}
	return nil
}
