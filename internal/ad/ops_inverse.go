package ad

import (
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/spd"
)

// InverseSPD gives the inverse of the symmetric positive definite (n, n) node a. A matrix that is not gives NaN, which the
// trainer notices in its loss.
func InverseSPD[T kernel.Float](a *Node[T]) *Node[T] {
	var y *Node[T]
	y = a.graph.apply("InverseSPD", a.Rows, a.Rows, func(out []T, in [][]T) {
		if spd.Invert(a.Rows, in[0], out) != nil {
			var zero T
			for i := range out {
				out[i] = zero / zero
			}
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] {
		return []*Node[T]{Scale(MatMul(MatMul(y, gy, true, false), y, false, true), -1)}
	}, a)
	return y
}

// AddDiagonal adds the (1, 1) node s to every diagonal element of the square node a.
func AddDiagonal[T kernel.Float](a, s *Node[T]) *Node[T] {
	n := a.Rows
	return a.graph.apply("AddDiagonal", n, n, func(out []T, in [][]T) {
		copy(out, in[0])
		for i := range n {
			out[i*n+i] += in[1][0]
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{gy, Trace(gy)} }, a, s)
}

// Trace gives the (1, 1) sum of the diagonal of the square node a.
func Trace[T kernel.Float](a *Node[T]) *Node[T] {
	return a.graph.apply("trace", 1, 1, func(out []T, in [][]T) {
		out[0] = 0
		for i := range a.Rows {
			out[0] += in[0][i*a.Rows+i]
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] {
		return []*Node[T]{AddDiagonal(a.graph.Constant(a.Rows, a.Rows, 0), gy)}
	}, a)
}
