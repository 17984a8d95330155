// Package spd inverts symmetric positive definite matrices, and multiplies by their inverses, for the ridge rule of the inner loop, in the encoder and in meta-training alike.
// Everything is computed in float64, because the condition number of a document's key covariance exceeds what float32 can invert.
// It is the sole importer of gonum's linear algebra, and calls LAPACK itself: mat.Cholesky also estimates a condition number, a tenth of the time, that
// nobody reads.
package spd

import (
	"errors"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"github.com/perkdb/perk/internal/kernel"
)

// ErrNotPositive is returned for a matrix that is not positive definite, which also holds for one with a NaN.
var ErrNotPositive = errors.New("the matrix is not positive definite")

// maxShift bounds how far, as a share of its largest diagonal element, a matrix is shifted up before it counts as not positive definite.
const maxShift = 1e-3

// Invert writes the inverse of the symmetric (n, n) matrix a into out; only a's upper triangle is read. The result is exactly symmetric.
//
// The covariance of a long document is summed in float32, and rounding can leave it a little short of positive definite. Such a matrix
// is shifted up by 1e-7 of its largest diagonal element, or by the first power of ten times that which suffices, up to maxShift.
func Invert[T kernel.Float](n int, a, out []T) error {
	var inverse blas64.Symmetric
	err := shifted(n, a, func(sym blas64.Symmetric) bool {
		factor, ok := lapack64.Potrf(sym)
		if ok {
			inverse, ok = lapack64.Potri(factor)
		}
		return ok
	})
	if err != nil {
		return err
	}
	for i := range n {
		for j := i; j < n; j++ {
			out[i*n+j] = T(inverse.Data[i*n+j])
			out[j*n+i] = out[i*n+j]
		}
	}
	return nil
}

// shifted gives f the matrix a, shifted further as long as f refuses it.
func shifted[T kernel.Float](n int, a []T, f func(blas64.Symmetric) bool) error {
	sym := blas64.Symmetric{N: n, Stride: n, Uplo: blas.Upper, Data: make([]float64, n*n)}
	largest := 0.0 // NaN stays NaN
	for i := range n {
		largest = max(largest, float64(a[i*n+i]))
	}
	shift := 0.0
	for {
		for i := range n {
			for j := i; j < n; j++ {
				sym.Data[i*n+j] = float64(a[i*n+j])
			}
			sym.Data[i*n+i] += shift
		}
		if f(sym) {
			return nil
		}
		if shift = max(1e-7*largest, 10*shift); !(shift > 0 && shift <= maxShift*largest) {
			return ErrNotPositive
		}
	}
}
