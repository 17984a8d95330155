package lm

import "github.com/perkdb/perk/internal/kernel"

// nano is the small model of docs/algorithm.md: no biases, no gains; attention reads c_t = n_t + Σ_j w_j ⊙ n_{t-j}, a causal
// depthwise convolution that binds neighbours cheaply; the MLP's activation is relu(u)².
type nano struct{}

func (nano) has(mod int) bool { return mod != modQKV && mod != modGate }
func (nano) biased(int) bool  { return false }
func (nano) gains() bool      { return false }
func (nano) centred() bool    { return false }

func (nano) extras(c Config) []spec {
	return []spec{{"attn.conv", []int{c.Conv, c.Dim}}}
}

func (nano) final(Config) []spec { return nil }

func (nano) mix(l *layer, c, n []float32, dim, from, to int) {
	for t := from; t < to; t++ {
		dst := c[(t-from)*dim : (t-from+1)*dim]
		copy(dst, n[t*dim:(t+1)*dim])
		for j := 0; j*dim < len(l.conv) && j <= t; j++ {
			kernel.MulAdd(dst, l.conv[j*dim:(j+1)*dim], n[(t-j)*dim:(t-j+1)*dim])
		}
	}
}

// mixGrad computes dn_t = dc_t + Σ_j w_j ⊙ dc_{t+j}. Rising t reads only rows of dc that it has not yet replaced, but
// the j = 0 term reads row t itself, so it comes first.
func (nano) mixGrad(l *layer, dc []float32, dim, rows int) {
	for t := range rows {
		dst := dc[t*dim : (t+1)*dim]
		for j := 0; j*dim < len(l.conv) && t+j < rows; j++ {
			kernel.MulAdd(dst, l.conv[j*dim:(j+1)*dim], dc[(t+j)*dim:(t+j+1)*dim])
		}
	}
}

func (nano) act(a, u, _ []float32) { kernel.Relu2(a, u) }

func (nano) actGrad(da, _, u, _ []float32) { kernel.Relu2Grad(da, u, da) }
