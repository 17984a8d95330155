package kernel

import (
	"fmt"
	"math"
)

func dotScalar(x, y []float32) float32 {
	var s float32
	for i, v := range x {
		s += v * y[i]
	}
	return s
}

// adamw holds what one AdamW step needs for each element, in the order in which
// the assembler reads it.
type adamw struct {
	beta1, ibeta1 float32 // beta1, 1-beta1
	beta2, ibeta2 float32 // beta2, 1-beta2
	decay         float32 // 1 - lr weightDecay
	rate          float32 // lr / (1-beta1^step)
	iv            float32 // 1 / (1-beta2^step)
	eps           float32
}

func adamwCoeffs(lr, beta1, beta2, eps, weightDecay float32, step int) adamw {
	if step < 1 {
		panic(fmt.Sprintf("kernel: AdamW: step %d, want at least 1", step))
	}
	c1 := 1 - math.Pow(float64(beta1), float64(step))
	c2 := 1 - math.Pow(float64(beta2), float64(step))
	return adamw{
		beta1: beta1, ibeta1: float32(1 - float64(beta1)),
		beta2: beta2, ibeta2: float32(1 - float64(beta2)),
		decay: float32(1 - float64(lr)*float64(weightDecay)),
		rate:  float32(float64(lr) / c1),
		iv:    float32(1 / c2),
		eps:   eps,
	}
}

func adamwScalar(p, g, m, v []float32, k *adamw) {
	for i, gi := range g {
		mi := k.beta1*m[i] + k.ibeta1*gi
		vi := k.beta2*v[i] + k.ibeta2*gi*gi
		m[i], v[i] = mi, vi
		p[i] = k.decay*p[i] - k.rate*mi/(float32(math.Sqrt(float64(k.iv*vi)))+k.eps)
	}
}
