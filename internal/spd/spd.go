// Package spd inverts symmetric positive definite matrices for the ridge rule of the inner loop, in the encoder and in meta-training alike.
// Everything is computed in float64, because the condition number of a document's key covariance exceeds what float32 can invert.
// It is the sole importer of gonum's matrices.
package spd

import (
	"errors"

	"gonum.org/v1/gonum/mat"

	"github.com/perkdb/perk/internal/kernel"
)

// ErrNotPositive is returned for a matrix that is not positive definite, which also holds for one with a NaN.
var ErrNotPositive = errors.New("the matrix is not positive definite")

// Invert writes the inverse of the symmetric (n, n) matrix a into out; only a's upper triangle is read. The result is
// exactly symmetric.
func Invert[T kernel.Float](n int, a, out []T) error {
	sym := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sym.SetSym(i, j, float64(a[i*n+j]))
		}
	}
	var c mat.Cholesky
	if !c.Factorize(sym) {
		return ErrNotPositive
	}
	var inv mat.SymDense
	if err := c.InverseTo(&inv); err != nil {
		var bad mat.Condition // a large condition number: the inverse is still the best there is
		if !errors.As(err, &bad) {
			return err
		}
	}
	for i := range n {
		for j := range n {
			out[i*n+j] = T(inv.At(i, j))
		}
	}
	return nil
}
