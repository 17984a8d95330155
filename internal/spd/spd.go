// Package spd factorises symmetric positive definite matrices and multiplies by their inverses, for the ridge rule of the inner loop, in the encoder and in
// meta-training alike. Everything is computed in float64, because the condition number of a document's key covariance exceeds what float32 can invert.
//
// Matrices are cut into blocks. gonum's LAPACK, of which this package is the sole importer, factorises those on the diagonal; all other work is products of blocks
// (kernel.MulAdd64).
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
	n    int
	u    *cholesky // of A, or of the dual's matrix
	dual *dual     // nil: none
}

// dual is A = Q^T Q + lambda I by Q (m, n) with few rows: what is factorised is Q Q^T + lambda I, (m, m).
type dual struct {
	q, qt  *kernel.Packed64 // Q (m, n) and Q^T (n, m), each padded to whole blocks
	lambda float64
}

// Factorise factorises a + lambda I for the symmetric (n, n) matrix a, of which only the upper triangle is read.
//
// The covariance of a long document is summed in float32, and rounding can leave it a little short of positive definite. Such a matrix
// is shifted up by 1e-7 of its largest diagonal element, or by the first power of ten times that which suffices, up to maxShift. Errors: ErrNotPositive.
func Factorise[T kernel.Float](n int, a []T, lambda T) (*Factor, error) {
	largest := 0.0 // NaN stays NaN
	for i := range n {
		largest = max(largest, float64(a[i*n+i]+lambda))
	}
	for shift := 0.0; ; {
		c := newCholesky(n)
		for i := range n {
			row := c.data[i*c.size:]
			for j := i; j < n; j++ {
				row[j] = float64(a[i*n+j])
			}
			row[i] += float64(lambda) + shift
		}
		if c.factorise() {
			return &Factor{n: n, u: c}, nil
		}
		if shift = max(1e-7*largest, 10*shift); !(shift > 0 && shift <= maxShift*largest) {
			return nil, ErrNotPositive
		}
	}
}

// FactoriseDual factorises Q^T Q + lambda I for q (m, n) at the cost of an (m, m) matrix: with fewer rows than columns that is less than Factorise's. Errors:
// ErrNotPositive.
func FactoriseDual(m, n int, q []float32, lambda float32) (*Factor, error) {
	c := newCholesky(m)
	cols := whole(n)
	rows := make([]float64, c.size*cols)
	for i := range m {
		for j, v := range q[i*n : (i+1)*n] {
			rows[i*cols+j] = float64(v)
		}
	}
	d := &dual{lambda: float64(lambda), q: kernel.Pack64(nil, false, c.size, cols, rows, cols, 1), qt: kernel.Pack64(nil, true, cols, c.size, rows, cols, 1)}
	kernel.MulAdd64(false, m, rows, cols, d.qt, c.data, c.size)
	for i := range m {
		c.data[i*c.size+i] += d.lambda
	}
	if !c.factorise() {
		return nil, ErrNotPositive
	}
	return &Factor{n: n, u: c, dual: d}, nil
}

// Solve replaces x (rows, n) by x A^-1.
func Solve[T kernel.Float](f *Factor, rows int, x []T) {
	cols := whole(f.n)
	g := make([]float64, rows*cols)
	for r := range rows {
		for j, v := range x[r*f.n : (r+1)*f.n] {
			g[r*cols+j] = float64(v)
		}
	}
	scale := 1.0
	if d := f.dual; d != nil { // (x - (x Q^T)(Q Q^T + lambda I)^-1 Q)/lambda
		part := make([]float64, rows*f.u.size)
		kernel.MulAdd64(false, rows, g, cols, d.qt, part, f.u.size)
		f.u.solve(rows, part, 0)
		for i, v := range part {
			part[i] = -v
		}
		kernel.MulAdd64(false, rows, part, f.u.size, d.q, g, cols)
		scale = 1 / d.lambda
	} else {
		f.u.solve(rows, g, 0)
	}
	for r := range rows {
		for j := range f.n {
			x[r*f.n+j] = T(scale * g[r*cols+j])
		}
	}
}

// Invert writes the inverse of the symmetric (n, n) matrix a into out, shifted as Factorise does; only a's upper triangle is read. The result is exactly symmetric. Errors: ErrNotPositive.
func Invert[T kernel.Float](n int, a, out []T) error {
	f, err := Factorise(n, a, 0)
	if err != nil {
		return err
	}
	size := f.u.size
	x := make([]float64, blockSize*size)
	for from := 0; from < n; from += blockSize { // rows of the identity, of which what lies left of the diagonal is known from above
		clear(x)
		rows := min(blockSize, n-from)
		for r := range rows {
			x[r*size+from+r] = 1
		}
		f.u.solve(rows, x, from/blockSize)
		for r := range rows {
			i := from + r
			for j := i; j < n; j++ {
				out[i*n+j] = T(x[r*size+j])
				out[j*n+i] = out[i*n+j]
			}
		}
	}
	return nil
}
