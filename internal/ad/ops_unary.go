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

// Silu gives x sigmoid(x).
func Silu[T kernel.Float](x *Node[T]) *Node[T] {
	return twice("Silu", x, func(v float64) (y, d, dd float64) {
		s := 1 / (1 + math.Exp(-v))
		ds := s * (1 - s)
		return v * s, s + v*ds, ds * (2 + v*(1-2*s))
	})
}

// GeluTanh gives x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), which is x sigmoid(z) with z twice that argument.
func GeluTanh[T kernel.Float](x *Node[T]) *Node[T] {
	const cube = 0.044715
	c := 2 * math.Sqrt(2/math.Pi)
	return twice("GeluTanh", x, func(v float64) (y, d, dd float64) {
		s := 1 / (1 + math.Exp(-c*(v+cube*v*v*v)))
		dz, ddz := c*(1+3*cube*v*v), 6*c*cube*v
		ds := s * (1 - s)
		return v * s, s + v*ds*dz, 2*ds*dz + v*ds*((1-2*s)*dz*dz+ddz)
	})
}

// twice adds an element-wise function that can be differentiated twice; f gives its value and derivatives.
func twice[T kernel.Float](name string, x *Node[T], f func(float64) (y, d, dd float64)) *Node[T] {
	value := func(v float64) float64 { y, _, _ := f(v); return y }
	slope := func(v float64) float64 { _, d, _ := f(v); return d }
	curve := func(v float64) float64 { _, _, dd := f(v); return dd }
	return unary(name, x, value, func(*Node[T]) *Node[T] {
		return unary(name+"Slope", x, slope, func(*Node[T]) *Node[T] { return unary(name+"Curve", x, curve, nil) })
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

// Centre subtracts its mean from every row.
func Centre[T kernel.Float](x *Node[T]) *Node[T] {
	d := x.Cols
	return x.graph.apply("Centre", x.Rows, d, func(out []T, in [][]T) {
		for r := 0; r < len(out); r += d {
			mean := 0.0
			for _, v := range in[0][r : r+d] {
				mean += float64(v) / float64(d)
			}
			for i, v := range in[0][r : r+d] {
				out[r+i] = v - T(mean)
			}
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Centre(gy)} }, x)
}
