package spd

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// Factor is a factorised symmetric positive definite (n, n) matrix A, ready to multiply by its inverse.
type Factor struct {
	n        int
	cholesky blas64.Triangular // of A, or of the dual's matrix
	dual     *dual             // nil: none
}

// dual is A = Q^T Q + lambda I by Q (m, n) with few rows: what is factorised is Q Q^T + lambda I, (m, m).
type dual struct {
	q      blas64.General
	lambda float64
}

// Factorise factorises the (n, n) matrix a, of which only the upper triangle is read, shifted as Invert does. Errors: ErrNotPositive.
func Factorise(n int, a []float32) (*Factor, error) {
	f := &Factor{n: n}
	err := shifted(n, a, func(sym blas64.Symmetric) (ok bool) {
		f.cholesky, ok = lapack64.Potrf(sym)
		return ok
	})
	return f, err
}

// FactoriseDual factorises Q^T Q + lambda I for q (m, n), at the cost of an (m, m) matrix: with fewer rows than columns that is less than Factorise's. Errors: ErrNotPositive.
func FactoriseDual(m, n int, q []float32, lambda float32) (*Factor, error) {
	f := &Factor{n: n, dual: &dual{q: general(m, n, q), lambda: float64(lambda)}}
	sym := blas64.Symmetric{N: m, Stride: m, Uplo: blas.Upper, Data: make([]float64, m*m)}
	blas64.Syrk(blas.NoTrans, 1, f.dual.q, 0, sym)
	for i := range m {
		sym.Data[i*m+i] += f.dual.lambda
	}
	var ok bool
	if f.cholesky, ok = lapack64.Potrf(sym); !ok {
		return nil, ErrNotPositive
	}
	return f, nil
}

// Solve replaces x (rows, n) by x A^-1.
func (f *Factor) Solve(rows int, x []float32) {
	g := general(rows, f.n, x)
	if d := f.dual; d != nil { // (x - (x Q^T)(Q Q^T + lambda I)^-1 Q)/lambda
		part := blas64.General{Rows: rows, Cols: d.q.Rows, Stride: d.q.Rows, Data: make([]float64, rows*d.q.Rows)}
		blas64.Gemm(blas.NoTrans, blas.Trans, 1, g, d.q, 0, part)
		f.right(part)
		blas64.Gemm(blas.NoTrans, blas.NoTrans, -1/d.lambda, part, d.q, 1/d.lambda, g)
	} else {
		f.right(g)
	}
	for i, v := range g.Data {
		x[i] = float32(v)
	}
}

// right multiplies x by the inverse of the factorised matrix from the right: with U^T U its Cholesky form, x U^-1 U^-T.
func (f *Factor) right(x blas64.General) {
	blas64.Trsm(blas.Right, blas.NoTrans, 1, f.cholesky, x)
	blas64.Trsm(blas.Right, blas.Trans, 1, f.cholesky, x)
}

func general(rows, cols int, x []float32) blas64.General {
	g := blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: make([]float64, rows*cols)}
	for i, v := range x[:rows*cols] {
		g.Data[i] = float64(v)
	}
	return g
}
