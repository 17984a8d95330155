// Package spd inverts symmetric positive definite matrices for the ridge rule of the inner loop, in the encoder and in meta-training alike.
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

// Invert writes the inverse of the symmetric (n, n) matrix a into out; only a's upper triangle is read. The result is
// exactly symmetric.
func Invert[T kernel.Float](n int, a, out []T) error {
	sym := blas64.Symmetric{N: n, Stride: n, Uplo: blas.Upper, Data: make([]float64, n*n)}
	for i := range n {
		for j := i; j < n; j++ {
			sym.Data[i*n+j] = float64(a[i*n+j])
		}
	}
	factor, ok := lapack64.Potrf(sym)
	if ok {
		sym, ok = lapack64.Potri(factor)
	}
	if !ok {
		return ErrNotPositive
	}
	for i := range n {
		for j := i; j < n; j++ {
			out[i*n+j] = T(sym.Data[i*n+j])
			out[j*n+i] = out[i*n+j]
		}
	}
	return nil
}
