package kernel

import (
	"fmt"
	"math"
)

// Dot returns the inner product of x and y, both (n).
func Dot(x, y []float32) float32 {
	checkLen("Dot", "y", len(y), len(x))
	if active >= levelAVX2 && len(x) > 0 {
		return dotVec(&x[0], &y[0], len(x))
	}
	return dotScalar(x, y)
}

// Axpy computes y += alpha x; x and y are (n).
func Axpy(alpha float32, x, y []float32) {
	checkLen("Axpy", "y", len(y), len(x))
	if active >= levelAVX2 && len(x) > 0 {
		axpyVec(&y[0], &x[0], len(x), alpha)
		return
	}
	for i, v := range x {
		y[i] += alpha * v
	}
}

// Add computes dst = x + y; all are (n).
func Add(dst, x, y []float32) {
	check3("Add", dst, x, y)
	if active >= levelAVX2 && len(dst) > 0 {
		addVec(&dst[0], &x[0], &y[0], len(dst))
		return
	}
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

// Sub computes dst = x - y; all are (n).
func Sub(dst, x, y []float32) {
	check3("Sub", dst, x, y)
	if active >= levelAVX2 && len(dst) > 0 {
		subVec(&dst[0], &x[0], &y[0], len(dst))
		return
	}
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

// Mul computes dst = x y, element by element; all are (n).
func Mul(dst, x, y []float32) {
	check3("Mul", dst, x, y)
	if active >= levelAVX2 && len(dst) > 0 {
		mulVec(&dst[0], &x[0], &y[0], len(dst))
		return
	}
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

// MulAdd computes dst += x y, element by element; all are (n).
func MulAdd(dst, x, y []float32) {
	check3("MulAdd", dst, x, y)
	if active >= levelAVX2 && len(dst) > 0 {
		mulAddVec(&dst[0], &x[0], &y[0], len(dst))
		return
	}
	for i := range dst {
		dst[i] += x[i] * y[i]
	}
}

// Scale computes dst = alpha x; both are (n).
func Scale(dst []float32, alpha float32, x []float32) {
	checkLen("Scale", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		scaleVec(&dst[0], &x[0], len(dst), alpha)
		return
	}
	for i := range dst {
		dst[i] = alpha * x[i]
	}
}

// Shift computes dst = x + alpha; both are (n).
func Shift(dst, x []float32, alpha float32) {
	checkLen("Shift", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		shiftVec(&dst[0], &x[0], len(dst), alpha)
		return
	}
	for i := range dst {
		dst[i] = x[i] + alpha
	}
}

// Sum returns the sum of x (n).
func Sum(x []float32) float32 {
	if active >= levelAVX2 && len(x) > 0 {
		return sumVec(&x[0], len(x))
	}
	var s float32
	for _, v := range x {
		s += v
	}
	return s
}

// SumSq returns the sum of the squares of x (n).
func SumSq(x []float32) float32 { return Dot(x, x) }

// Max returns the largest element of x (n), -Inf when x is empty, NaN when x
// holds one.
func Max(x []float32) float32 {
	if active >= levelAVX2 && len(x) >= 16 {
		return maxVec(&x[0], len(x))
	}
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// Exp computes dst = eˣ with a relative error of at most 3e-7; both are (n).
// -Inf gives 0, overflow +Inf, NaN NaN.
func Exp(dst, x []float32) {
	checkLen("Exp", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		expSubVec(&dst[0], &x[0], len(dst), 0)
		return
	}
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(v)))
	}
}

// Softmax computes dst = softmax(x) for one row; both are (n), and dst may be x.
// It returns what ExpMax does. Entries of -Inf give 0. A row of nothing but
// -Inf, or an empty one, gives zeros.
func Softmax(dst, x []float32) (top, sum float32) {
	checkLen("Softmax", "x", len(x), len(dst))
	top, sum = ExpMax(dst, x)
	if sum != 0 {
		Scale(dst, 1/sum, dst)
	}
	return top, sum
}

// ExpMax is Softmax before the division: it computes dst = exp(x - top) and returns top, the largest of x, and the sum of dst, so that the log-sum-exp of x is
// top + log(sum). A row of nothing but -Inf gives zeros, -Inf and 0.
func ExpMax(dst, x []float32) (top, sum float32) {
	checkLen("ExpMax", "x", len(x), len(dst))
	top = Max(x)
	if math.IsInf(float64(top), -1) {
		clear(dst)
		return top, 0
	}
	if active >= levelAVX2 {
		return top, expSubVec(&dst[0], &x[0], len(x), top)
	}
	for i, v := range x {
		e := float32(math.Exp(float64(v - top)))
		dst[i] = e
		sum += e
	}
	return top, sum
}

// SoftmaxGrad computes dst = p (g - p·g), the gradient of one row of Softmax
// from its output p and the gradient g from above; all are (n).
func SoftmaxGrad(dst, p, g []float32) {
	check3("SoftmaxGrad", dst, p, g)
	s := Dot(p, g)
	if active >= levelAVX2 && len(dst) > 0 {
		softmaxGradVec(&dst[0], &p[0], &g[0], len(dst), s)
		return
	}
	for i := range dst {
		dst[i] = p[i] * (g[i] - s)
	}
}

// TurnPairs rotates the plane of every two neighbours of x: x = x cos + swapped(x) sin sign, where cos (n) has the cosine of each pair twice, and sin (n) its
// negated sine and its sine. sign is 1, or -1 to turn back. n is even.
func TurnPairs(x, cos, sin []float32, sign float32) {
	check3("TurnPairs", x, cos, sin)
	if len(x)%2 != 0 {
		panic(fmt.Sprintf("kernel: TurnPairs: %d elements are no pairs", len(x)))
	}
	if active >= levelAVX2 && len(x) > 0 {
		turnPairsVec(&x[0], &cos[0], &sin[0], len(x), sign)
		return
	}
	for i := 0; i < len(x); i += 2 {
		a, b := x[i], x[i+1]
		x[i], x[i+1] = a*cos[i]+b*sin[i]*sign, b*cos[i+1]+a*sin[i+1]*sign
	}
}

// TurnHalves rotates the planes (lo_i, hi_i): lo = lo cos - hi sin sign, hi = hi cos + lo sin sign; all are (n).
func TurnHalves(lo, hi, cos, sin []float32, sign float32) {
	check3("TurnHalves", lo, cos, sin)
	checkLen("TurnHalves", "hi", len(hi), len(lo))
	if active >= levelAVX2 && len(lo) > 0 {
		turnHalvesVec(&lo[0], &hi[0], &cos[0], &sin[0], len(lo), sign)
		return
	}
	for i := range lo {
		a, b, s := lo[i], hi[i], sin[i]*sign
		lo[i], hi[i] = a*cos[i]-b*s, b*cos[i]+a*s
	}
}

// AdamW makes one step of Adam with decoupled weight decay and bias correction
// on parameters p with gradient g and moments m and v; all are (n). step counts
// from 1.
//
//	m = beta1 m + (1-beta1) g
//	v = beta2 v + (1-beta2) g²
//	p = p (1 - lr weightDecay) - lr m/(1-beta1^step) / (sqrt(v/(1-beta2^step)) + eps)
func AdamW(p, g, m, v []float32, lr, beta1, beta2, eps, weightDecay float32, step int) {
	checkLen("AdamW", "g", len(g), len(p))
	checkLen("AdamW", "m", len(m), len(p))
	checkLen("AdamW", "v", len(v), len(p))
	k := adamwCoeffs(lr, beta1, beta2, eps, weightDecay, step)
	if active >= levelAVX2 && len(p) > 0 {
		adamwVec(&p[0], &g[0], &m[0], &v[0], &k.beta1, len(p))
		return
	}
	adamwScalar(p, g, m, v, &k)
}

func check3(name string, dst, x, y []float32) {
	checkLen(name, "x", len(x), len(dst))
	checkLen(name, "y", len(y), len(dst))
}
