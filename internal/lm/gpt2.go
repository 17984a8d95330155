package lm

import "github.com/perkdb/perk/internal/kernel"

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

func (gpt2) act(a, u, _ []float32) { kernel.GeluTanh(a, u) }

func (gpt2) actGrad(da, _, u, _ []float32) { kernel.GeluTanhGrad(da, u) }
