package lm

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// gpt2 is the family of GPT-2 models: LayerNorm with gain and bias, learned positions instead of rotary ones, one fused
// projection to queries, keys and values, a bias on every linear module, and the tanh form of GELU ("gelu_new").
type gpt2 struct{}

func (gpt2) has(mod int) bool {
	return mod == modQKV || mod == modO || mod == modUp || mod == modDown
}
func (gpt2) biased(int) bool { return true }
func (gpt2) gains() bool     { return true }
func (gpt2) centred() bool   { return true }

func (gpt2) extras(c Config) []spec {
	d := []int{c.Dim}
	return []spec{{"attn.norm", d}, {"attn.norm.bias", d}, {"mlp.norm", d}, {"mlp.norm.bias", d}}
}

func (gpt2) final(c Config) []spec {
	return []spec{{"positions", []int{c.Context, c.Dim}}, {"norm", []int{c.Dim}}, {"norm.bias", []int{c.Dim}}}
}

func (gpt2) mix(l *layer, c, n []float32, dim, from, to int) {
	l.norm1.apply(c, n[from*dim:to*dim])
}

func (gpt2) mixGrad(l *layer, dc []float32, dim, rows int) {
	gainRows(dc[:rows*dim], dc[:rows*dim], l.norm1.gain)
}

// gelu(u) = u sigmoid(2z) with z = sqrt(2/pi) (u + geluCube u³), which is u (1 + tanh z) / 2.
const geluCube = 0.044715

var geluScale = float32(2 * math.Sqrt(2/math.Pi))

// geluExp computes e = exp(-2z).
func geluExp(e, u []float32) {
	for i, x := range u {
		e[i] = -geluScale * (x + geluCube*x*x*x)
	}
	kernel.Exp(e, e)
}

func (gpt2) act(a, u, _ []float32) {
	geluExp(a, u)
	for i, e := range a {
		a[i] = u[i] / (1 + e)
	}
}

// actGrad: with s = sigmoid(2z), du = da (s + u s (1 - s) d(2z)/du).
func (gpt2) actGrad(da, e, u, _ []float32) {
	geluExp(e, u)
	for i, x := range u {
		s := 1 / (1 + e[i])
		da[i] *= s + x*s*(1-s)*geluScale*(1+3*geluCube*x*x)
	}
}
