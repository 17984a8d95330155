package ad

import (
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/spd"
)

// Gram gives the upper triangle of the symmetric product a^T b of two nodes of the same shape (k, n), as SolveSPD reads it: below the diagonal is nothing of use. It cannot be
// differentiated.
func Gram[T kernel.Float](a, b *Node[T]) *Node[T] {
	sameShape("Gram", a, b)
	return a.graph.apply("Gram", a.Cols, a.Cols, func(out []T, in [][]T) { gram(a.Cols, a.Rows, in[0], in[1], out) }, nil, a, b)
}

// SolveSPD gives b (a + s I)^-1 for b (m, n), the symmetric positive definite a (n, n), of which the upper triangle is read, and s (1, 1). A matrix that is not positive definite gives NaN, which the trainer sees
// in its loss. The derivative uses the factors of the last forward run; it cannot be differentiated itself.
func SolveSPD[T kernel.Float](b, a, s *Node[T]) *Node[T] {
	var factor *spd.Factor // nil where there is none
	solve := func(out, b []T) {
		copy(out, b)
		if factor == nil {
			fillNaN(out)
			return
		}
		spd.Solve(factor, len(b)/a.Rows, out)
	}
	var y *Node[T]
	y = b.graph.apply("SolveSPD", b.Rows, b.Cols, func(out []T, in [][]T) {
		factor, _ = spd.Factorise(1, a.Rows, in[1], in[2][0])
		solve(out, in[0])
	}, func(gy *Node[T], need []bool) []*Node[T] {
		// y is an input so that the factors are there
		gb := gy.graph.apply("SolveSPD/again", b.Rows, b.Cols, func(out []T, in [][]T) { solve(out, in[0]) }, nil, gy, y)
		g := []*Node[T]{gb, nil, nil}
		if need[1] {
			g[1] = Scale(MatMul(y, gb, true, false), -1)
		}
		if need[2] {
			g[2] = Scale(Sum(Mul(y, gb)), -1)
		}
		return g
	}, b, a, s)
	return y
}

func fillNaN[T kernel.Float](x []T) {
	var zero T
	for i := range x {
		x[i] = zero / zero
	}
}
