package lm

import "github.com/perkdb/perk/internal/kernel"

// llama is the family of Llama, TinyLlama, SmolLM2 and TinyStories models: gains on every normalisation, grouped-query attention, and an MLP with
// a = silu(g) ⊙ u.
type llama struct{}

func (llama) has(mod int) bool { return mod != modQKV }
func (llama) biased(int) bool  { return false }
func (llama) gains() bool      { return true }
func (llama) centred() bool    { return false }

func (llama) extras(c Config) []spec {
	return []spec{{"attn.norm", []int{c.Dim}}, {"mlp.norm", []int{c.Dim}}}
}

func (llama) final(c Config) []spec { return []spec{{"norm", []int{c.Dim}}} }

func (llama) mix(l *layer, c, n []float32, dim, from, to int) {
	l.norm1.apply(c, n[from*dim:to*dim])
}

func (llama) mixGrad(l *layer, dc []float32, dim, rows int) {
	gainRows(dc[:rows*dim], dc[:rows*dim], l.norm1.gain)
}

func (llama) act(a, u, g []float32) { kernel.SiluMul(a, g, u) }

func (llama) actGrad(da, dg, u, g []float32) { kernel.SiluMulGrad(da, dg, g, u) }
