package ad

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// unary adds an element-wise function with derivative d, built as a node from its input and its result; a nil d means none.
func unary[T kernel.Float](name string, x *Node[T], f func(float64) float64, d func(y *Node[T]) *Node[T]) *Node[T] {
	var y *Node[T]
	var b backward[T]
	if d != nil {
		b = func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Mul(gy, d(y))} }
	}
	y = x.graph.apply(name, x.Rows, x.Cols, func(out []T, in [][]T) {
		for i, v := range in[0] {
			out[i] = T(f(float64(v)))
		}
	}, b, x)
	return y
}

// Exp gives e^x.
func Exp[T kernel.Float](x *Node[T]) *Node[T] {
	return unary("Exp", x, math.Exp, func(y *Node[T]) *Node[T] { return y })
}

// Rsqrt gives (scale*x + eps)^(-1/2).
func Rsqrt[T kernel.Float](x *Node[T], factor, eps float64) *Node[T] {
	return unary("Rsqrt", x, func(v float64) float64 { return 1 / math.Sqrt(factor*v+eps) },
		func(y *Node[T]) *Node[T] { return Scale(Mul(y, Mul(y, y)), T(-factor/2)) })
}

// Gelu gives x * Phi(x) with the normal distribution function Phi (the erf form).
func Gelu[T kernel.Float](x *Node[T]) *Node[T] {
	phi := func(v float64) float64 { return 0.5 * math.Erfc(-v/math.Sqrt2) }
	return unary("Gelu", x, func(v float64) float64 { return v * phi(v) }, func(*Node[T]) *Node[T] {
		return unary("geluGrad", x, func(v float64) float64 {
			return phi(v) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
		}, nil)
	})
}

// Softplus gives log(1 + e^(beta x)) / beta.
func Softplus[T kernel.Float](x *Node[T], beta float64) *Node[T] {
	return unary("Softplus", x, func(v float64) float64 {
		return (max(beta*v, 0) + math.Log1p(math.Exp(-math.Abs(beta*v)))) / beta
	}, func(*Node[T]) *Node[T] {
		return unary("sigmoid", x, func(v float64) float64 { return 1 / (1 + math.Exp(-beta*v)) }, nil)
	})
}

// Relu2 gives max(x, 0)^2.
func Relu2[T kernel.Float](x *Node[T]) *Node[T] {
	return x.graph.apply("Relu2", x.Rows, x.Cols, func(out []T, in [][]T) { relu2(out, in[0]) },
		func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{reluTwice(x, gy)} }, x)
}

// reluTwice gives 2 max(x, 0) g, the backward of Relu2, linear in g.
func reluTwice[T kernel.Float](x, g *Node[T]) *Node[T] {
	return x.graph.apply("reluTwice", x.Rows, x.Cols, func(out []T, in [][]T) { relu2Grad(out, in[0], in[1]) },
		func(u *Node[T], need []bool) []*Node[T] {
			out := make([]*Node[T], 2)
			if need[0] {
				out[0] = x.graph.apply("relu2Curvature", x.Rows, x.Cols, func(out []T, in [][]T) {
					for i, v := range in[0] {
						out[i] = 0
						if v > 0 {
							out[i] = 2 * in[1][i] * in[2][i]
						}
					}
				}, nil, x, g, u)
			}
			if need[1] {
				out[1] = reluTwice(x, u)
			}
			return out
		}, x, g)
}

// RMSNorm divides every row by the root of its mean square (+ eps): y = x / sqrt(mean(x^2) + eps).
func RMSNorm[T kernel.Float](x *Node[T], eps float64) *Node[T] {
	return RowScale(x, Rsqrt(rowSumSq(x), 1/float64(x.Cols), eps))
}
