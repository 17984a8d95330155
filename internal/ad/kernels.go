package ad

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// The functions here run a kernel on float32 and its scalar counterpart on float64.

func gemm[T kernel.Float](ta, tb bool, m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if a32, ok := any(a).([]float32); ok {
		kernel.Gemm(ta, tb, m, n, k, a32, lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), ldc)
		return
	}
	kernel.GemmRef(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc)
}

// gemm is the products of matrices as large as a batch or a weight, which Rounded is about.
func (g *Graph[T]) gemm(ta, tb bool, m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if a32, ok := any(a).([]float32); ok && g.Rounded {
		kernel.GemmRounded(ta, tb, m, n, k, a32, lda, any(b).([]float32), ldb, float32(beta), any(c).([]float32), ldc)
		return
	}
	gemm(ta, tb, m, n, k, a, lda, b, ldb, beta, c, ldc)
}

func gram[T kernel.Float](n, k int, a, b, c []T) {
	if a32, ok := any(a).([]float32); ok {
		kernel.Gram(n, k, a32, n, any(b).([]float32), n, any(c).([]float32), n)
		return
	}
	kernel.GemmRef(true, false, n, n, k, a, n, b, n, 0, c, n)
}

func dot[T kernel.Float](x, y []T) T {
	if x32, ok := any(x).([]float32); ok {
		return T(kernel.Dot(x32, any(y).([]float32)))
	}
	var s T
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

func axpy[T kernel.Float](alpha T, x, y []T) {
	if x32, ok := any(x).([]float32); ok {
		kernel.Axpy(float32(alpha), x32, any(y).([]float32))
		return
	}
	for i, v := range x {
		y[i] += alpha * v
	}
}

func add[T kernel.Float](dst, x, y []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.Add(d32, any(x).([]float32), any(y).([]float32))
		return
	}
	for i, v := range x {
		dst[i] = v + y[i]
	}
}

func mul[T kernel.Float](dst, x, y []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.Mul(d32, any(x).([]float32), any(y).([]float32))
		return
	}
	for i, v := range x {
		dst[i] = v * y[i]
	}
}

func mulAdd[T kernel.Float](dst, x, y []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.MulAdd(d32, any(x).([]float32), any(y).([]float32))
		return
	}
	for i, v := range x {
		dst[i] += v * y[i]
	}
}

func scale[T kernel.Float](dst []T, alpha T, x []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.Scale(d32, float32(alpha), any(x).([]float32))
		return
	}
	for i, v := range x {
		dst[i] = alpha * v
	}
}

func relu2[T kernel.Float](dst, x []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.Relu2(d32, any(x).([]float32))
		return
	}
	for i, v := range x {
		v = max(v, 0)
		dst[i] = v * v
	}
}

func relu2Grad[T kernel.Float](dst, x, g []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.Relu2Grad(d32, any(x).([]float32), any(g).([]float32))
		return
	}
	for i, v := range x {
		dst[i] = 2 * max(v, 0) * g[i]
	}
}

// softmax works on one row and returns its log-sum-exp.
func softmax[T kernel.Float](dst, x []T) T {
	if d32, ok := any(dst).([]float32); ok {
		top, sum := kernel.Softmax(d32, any(x).([]float32))
		return T(float64(top) + math.Log(float64(sum)))
	}
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, float64(v))
	}
	sum := 0.0
	for i, v := range x {
		e := math.Exp(float64(v) - top)
		dst[i] = T(e)
		sum += e
	}
	for i := range x {
		dst[i] /= T(sum)
	}
	return T(top + math.Log(sum))
}

// softmaxGrad works on one row: p * (g - p.g).
func softmaxGrad[T kernel.Float](dst, p, g []T) {
	if d32, ok := any(dst).([]float32); ok {
		kernel.SoftmaxGrad(d32, any(p).([]float32), any(g).([]float32))
		return
	}
	c := dot(p, g)
	for i, v := range p {
		dst[i] = v * (g[i] - c)
	}
}
