package ad

import "github.com/perkdb/perk/internal/kernel"

func sameShape[T kernel.Float](name string, a, b *Node[T]) {
	if a.Rows != b.Rows || a.Cols != b.Cols {
		panic("ad: " + name + ": shapes differ")
	}
}

// MatMul gives op(a) op(b); op transposes where the flag is set.
func MatMul[T kernel.Float](a, b *Node[T], ta, tb bool) *Node[T] {
	m, k := a.Rows, a.Cols
	if ta {
		m, k = k, m
	}
	kb, n := b.Rows, b.Cols
	if tb {
		kb, n = n, kb
	}
	if k != kb {
		panic("ad: MatMul: inner sizes differ")
	}
	return a.graph.apply("MatMul", m, n, func(out []T, in [][]T) {
		a.graph.gemm(ta, tb, m, n, k, in[0], a.Cols, in[1], b.Cols, 0, out, n)
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			if ta { // y = a' b*: da = b* gy'
				g[0] = MatMul(b, gy, tb, true)
			} else {
				g[0] = MatMul(gy, b, false, !tb)
			}
		}
		if need[1] {
			if tb {
				g[1] = MatMul(gy, a, true, ta)
			} else {
				g[1] = MatMul(a, gy, !ta, false)
			}
		}
		return g
	}, a, b)
}

// Add gives a + b of the same shape.
func Add[T kernel.Float](a, b *Node[T]) *Node[T] {
	sameShape("Add", a, b)
	return a.graph.apply("Add", a.Rows, a.Cols, func(out []T, in [][]T) { add(out, in[0], in[1]) },
		func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{gy, gy} }, a, b)
}

// Sub gives a - b of the same shape.
func Sub[T kernel.Float](a, b *Node[T]) *Node[T] { return Add(a, Scale(b, -1)) }

// Mul gives the element-wise product of two nodes of the same shape.
func Mul[T kernel.Float](a, b *Node[T]) *Node[T] {
	sameShape("Mul", a, b)
	return a.graph.apply("Mul", a.Rows, a.Cols, func(out []T, in [][]T) { mul(out, in[0], in[1]) },
		func(gy *Node[T], need []bool) []*Node[T] {
			g := make([]*Node[T], 2)
			if need[0] {
				g[0] = Mul(gy, b)
			}
			if need[1] {
				g[1] = Mul(gy, a)
			}
			return g
		}, a, b)
}

// Scale gives c * a for a constant c.
func Scale[T kernel.Float](a *Node[T], c T) *Node[T] {
	return a.graph.apply("Scale", a.Rows, a.Cols, func(out []T, in [][]T) { scale(out, c, in[0]) },
		func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Scale(gy, c)} }, a)
}

// ScaleBy gives s * a for a (1, 1) node s, such as a learned rate.
func ScaleBy[T kernel.Float](a, s *Node[T]) *Node[T] {
	return a.graph.apply("ScaleBy", a.Rows, a.Cols, func(out []T, in [][]T) { scale(out, in[1][0], in[0]) },
		func(gy *Node[T], need []bool) []*Node[T] {
			g := make([]*Node[T], 2)
			if need[0] {
				g[0] = ScaleBy(gy, s)
			}
			if need[1] {
				g[1] = Sum(Mul(gy, a))
			}
			return g
		}, a, s)
}

// Sum gives the (1, 1) sum of all elements.
func Sum[T kernel.Float](a *Node[T]) *Node[T] {
	return a.graph.apply("Sum", 1, 1, func(out []T, in [][]T) {
		s := 0.0
		for _, v := range in[0] {
			s += float64(v)
		}
		out[0] = T(s)
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{fill(gy, a.Rows, a.Cols)} }, a)
}

// fill spreads a (1, 1) node over a shape.
func fill[T kernel.Float](s *Node[T], rows, cols int) *Node[T] {
	return s.graph.apply("fill", rows, cols, func(out []T, in [][]T) {
		for i := range out {
			out[i] = in[0][0]
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Sum(gy)} }, s)
}

// RowDot gives the (rows, 1) dot products of the rows of a and b.
func RowDot[T kernel.Float](a, b *Node[T]) *Node[T] {
	sameShape("RowDot", a, b)
	return a.graph.apply("RowDot", a.Rows, 1, func(out []T, in [][]T) {
		for i := range out {
			out[i] = dot(in[0][i*a.Cols:(i+1)*a.Cols], in[1][i*a.Cols:(i+1)*a.Cols])
		}
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			g[0] = RowScale(b, gy)
		}
		if need[1] {
			g[1] = RowScale(a, gy)
		}
		return g
	}, a, b)
}

// rowSumSq gives the (rows, 1) sums of squares of the rows.
func rowSumSq[T kernel.Float](a *Node[T]) *Node[T] {
	return a.graph.apply("rowSumSq", a.Rows, 1, func(out []T, in [][]T) {
		for i := range out {
			r := in[0][i*a.Cols : (i+1)*a.Cols]
			out[i] = dot(r, r)
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{RowScale(a, Scale(gy, 2))} }, a)
}

// RowScale multiplies every row of a by its entry of the (rows, 1) node s.
func RowScale[T kernel.Float](a, s *Node[T]) *Node[T] {
	if s.Rows != a.Rows || s.Cols != 1 {
		panic("ad: RowScale: want one factor a row")
	}
	return a.graph.apply("RowScale", a.Rows, a.Cols, func(out []T, in [][]T) {
		for i, f := range in[1] {
			scale(out[i*a.Cols:(i+1)*a.Cols], f, in[0][i*a.Cols:(i+1)*a.Cols])
		}
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			g[0] = RowScale(gy, s)
		}
		if need[1] {
			g[1] = RowDot(gy, a)
		}
		return g
	}, a, s)
}

// AddRow adds the (1, cols) node b to every row of a.
func AddRow[T kernel.Float](a, b *Node[T]) *Node[T] {
	return a.graph.apply("AddRow", a.Rows, a.Cols, func(out []T, in [][]T) {
		for i := 0; i < a.Rows; i++ {
			add(out[i*a.Cols:(i+1)*a.Cols], in[0][i*a.Cols:(i+1)*a.Cols], in[1])
		}
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := []*Node[T]{gy, nil}
		if need[1] {
			g[1] = MatMul(gy.graph.Constant(1, a.Rows, 1), gy, false, false)
		}
		return g
	}, a, b)
}

// MulRow multiplies every row of a by the (1, cols) node b.
func MulRow[T kernel.Float](a, b *Node[T]) *Node[T] {
	return a.graph.apply("MulRow", a.Rows, a.Cols, func(out []T, in [][]T) {
		for i := 0; i < a.Rows; i++ {
			mul(out[i*a.Cols:(i+1)*a.Cols], in[0][i*a.Cols:(i+1)*a.Cols], in[1])
		}
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			g[0] = MulRow(gy, b)
		}
		if need[1] {
			g[1] = MatMul(gy.graph.Constant(1, a.Rows, 1), Mul(gy, a), false, false)
		}
		return g
	}, a, b)
}

// Detach gives a itself, as a constant: no gradient flows through it. Truncated unrolling uses it.
func Detach[T kernel.Float](a *Node[T]) *Node[T] {
	return a.graph.apply("Detach", a.Rows, a.Cols, func(out []T, in [][]T) { copy(out, in[0]) },
		func(*Node[T], []bool) []*Node[T] { return []*Node[T]{nil} }, a)
}

// Column gives column j of a as (rows, 1).
func Column[T kernel.Float](a *Node[T], j int) *Node[T] {
	unit := make([]T, a.Cols)
	unit[j] = 1
	return MatMul(a, a.graph.Leaf("unit", a.Cols, 1, unit), false, false)
}
