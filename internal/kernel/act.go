package kernel

import "math"

// Relu2 computes dst = max(x, 0)²; both are (n). NaN stays NaN.
func Relu2(dst, x []float32) {
	checkLen("Relu2", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		relu2Vec(&dst[0], &x[0], len(dst))
		return
	}
	for i, v := range x {
		v = max(v, 0)
		dst[i] = v * v
	}
}

// Relu2Grad computes dst = 2 max(x, 0) g, the gradient of Relu2 at x times the
// gradient g from above; all are (n).
func Relu2Grad(dst, x, g []float32) {
	check3("Relu2Grad", dst, x, g)
	if active >= levelAVX2 && len(dst) > 0 {
		relu2GradVec(&dst[0], &x[0], &g[0], len(dst))
		return
	}
	for i, v := range x {
		dst[i] = 2 * max(v, 0) * g[i]
	}
}

// Gelu computes dst = x Φ(x), with the normal distribution Φ within 3e-7; both are (n). Infinite values give NaN.
func Gelu(dst, x []float32) {
	checkLen("Gelu", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		geluVec(&dst[0], &x[0], len(dst))
		return
	}
	for i, v := range x {
		dst[i] = float32(float64(v) / 2 * math.Erfc(-float64(v)/math.Sqrt2))
	}
}

// tanhScale and tanhCube are of the tanh form of GELU: x s with s = sigmoid(tanhScale (x + tanhCube x³)).
const (
	tanhScale = 1.5957691216
	tanhCube  = 0.044715
)

// GeluTanh computes dst = x (1 + tanh z) / 2 with z = sqrt(2/pi) (x + 0.044715 x³); both are (n).
func GeluTanh(dst, x []float32) {
	checkLen("GeluTanh", "x", len(x), len(dst))
	if active >= levelAVX2 && len(dst) > 0 {
		geluTanhVec(&dst[0], &x[0], len(dst))
		return
	}
	for i, v := range x {
		u := float64(v)
		dst[i] = float32(u / (1 + math.Exp(-tanhScale*(u+tanhCube*u*u*u))))
	}
}

// GeluTanhGrad replaces the gradient g of GeluTanh's result by that of its argument x; both are (n).
func GeluTanhGrad(g, x []float32) {
	checkLen("GeluTanhGrad", "x", len(x), len(g))
	if active >= levelAVX2 && len(g) > 0 {
		geluTanhGradVec(&g[0], &x[0], len(g))
		return
	}
	for i, v := range x {
		u := float64(v)
		s := 1 / (1 + math.Exp(-tanhScale*(u+tanhCube*u*u*u)))
		g[i] *= float32(s + u*s*(1-s)*tanhScale*(1+3*tanhCube*u*u))
	}
}

// SiluMul computes dst = x sigmoid(x) y; all are (n).
func SiluMul(dst, x, y []float32) {
	check3("SiluMul", dst, x, y)
	if active >= levelAVX2 && len(dst) > 0 {
		siluMulVec(&dst[0], &x[0], &y[0], len(dst))
		return
	}
	for i, v := range x {
		dst[i] = float32(float64(v) / (1 + math.Exp(-float64(v))) * float64(y[i]))
	}
}

// SiluMulGrad writes the gradient of SiluMul's x to gx, and replaces that of its result in g by that of y; all are (n).
func SiluMulGrad(g, gx, x, y []float32) {
	check3("SiluMulGrad", g, x, y)
	checkLen("SiluMulGrad", "gx", len(gx), len(g))
	if active >= levelAVX2 && len(g) > 0 {
		siluMulGradVec(&g[0], &gx[0], &x[0], &y[0], len(g))
		return
	}
	for i, v := range x {
		s := float32(1 / (1 + math.Exp(-float64(v))))
		gx[i] = g[i] * s * y[i] * (1 + v*(1-s))
		g[i] *= s * v
	}
}
