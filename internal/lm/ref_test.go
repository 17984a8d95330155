package lm_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// reference is the model written down plainly in float64, one token and one number at a time. It shares nothing with the package.
type reference struct {
	c lm.Config
	w map[string][]float64
}

func toFloat64(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func newReference(m *lm.Model) *reference {
	r := &reference{c: m.Config(), w: map[string][]float64{}}
	for _, t := range m.Tensors() {
		r.w[t.Name] = toFloat64(t.Data)
	}
	return r
}

// refPair is a lora.Pair in float64.
type refPair struct {
	a, b     []float64
	in, rank int
	norm     bool
	scale    float64
}

func refAdapter(ad *lora.Adapter) map[string]*refPair {
	out := map[string]*refPair{}
	if ad == nil {
		return out
	}
	for name, p := range ad.Pairs {
		out[name] = &refPair{toFloat64(p.A), toFloat64(p.B), p.In, p.Rank, p.NormA, float64(ad.Scale)}
	}
	return out
}

func matvec(w, x []float64) []float64 {
	out := make([]float64, len(w)/len(x))
	for i := range out {
		for j, v := range x {
			out[i] += w[i*len(x)+j] * v
		}
	}
	return out
}

func normalise(x []float64, eps float64, gain []float64) []float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / math.Sqrt(s/float64(len(x))+eps)
		if gain != nil {
			out[i] *= gain[i]
		}
	}
	return out
}

// layerNorm subtracts the mean before it normalises, and adds a bias.
func layerNorm(x []float64, eps float64, gain, bias []float64) []float64 {
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	centred := make([]float64, len(x))
	for i, v := range x {
		centred[i] = v - mean
	}
	out := normalise(centred, eps, gain)
	for i := range out {
		out[i] += bias[i]
	}
	return out
}

// norm is the normalisation of the architecture.
func (r *reference) norm(name string, x []float64) []float64 {
	if r.c.Arch == lm.ArchGPT2 {
		return layerNorm(x, r.c.NormEps, r.w[name], r.w[name+".bias"])
	}
	return normalise(x, r.c.NormEps, r.w[name])
}

func (r *reference) linear(name string, x []float64, ad map[string]*refPair) []float64 {
	y := matvec(r.w[name], x)
	for i, b := range r.w[name+".bias"] {
		y[i] += b
	}
	if p := ad[name]; p != nil {
		key := matvec(p.a, x)
		if p.norm {
			key = normalise(key, 1e-5, nil)
		}
		for i, v := range matvec(p.b, key) {
			y[i] += p.scale * v
		}
	}
	return y
}

// frequency is that of rotary pair i, as Transformers computes it for rope type "llama3".
func (r *reference) frequency(i int) float64 {
	f := math.Pow(r.c.RopeTheta, -2*float64(i)/float64(r.c.Dim/r.c.Heads))
	s := r.c.RopeScaling
	if s.Factor == 0 {
		return f
	}
	wave := 2 * math.Pi / f
	low, high := float64(s.OriginalContext)/s.LowFreq, float64(s.OriginalContext)/s.HighFreq
	switch {
	case wave > low:
		return f / s.Factor
	case wave < high:
		return f
	}
	smooth := (float64(s.OriginalContext)/wave - s.LowFreq) / (s.HighFreq - s.LowFreq)
	return (1-smooth)*f/s.Factor + smooth*f
}

func (r *reference) rotate(x []float64, t int) {
	if r.c.Arch == lm.ArchGPT2 {
		return
	}
	hd := r.c.Dim / r.c.Heads
	for h := 0; h < len(x); h += hd {
		for i := range hd / 2 {
			a, b := h+2*i, h+2*i+1
			if r.c.RopeHalf {
				a, b = h+i, h+i+hd/2
			}
			angle := float64(t) * r.frequency(i)
			s, c := math.Sincos(angle)
			x[a], x[b] = x[a]*c-x[b]*s, x[a]*s+x[b]*c
		}
	}
}

// hidden gives the final normalised hidden states of one sequence.
func (r *reference) hidden(tokens []int32, ad map[string]*refPair) [][]float64 {
	c := r.c
	x := make([][]float64, len(tokens))
	for t, tok := range tokens {
		x[t] = append([]float64(nil), r.w["embed"][int(tok)*c.Dim:int(tok+1)*c.Dim]...)
		if pos := r.w["positions"]; pos != nil {
			for d := range x[t] {
				x[t][d] += pos[t*c.Dim+d]
			}
		}
	}
	for i := range c.Layers {
		name := func(s string) string { return fmt.Sprintf("layers.%d.%s", i, s) }
		n, q, k, v := make([][]float64, len(x)), make([][]float64, len(x)), make([][]float64, len(x)), make([][]float64, len(x))
		for t := range x {
			n[t] = r.norm(name("attn.norm"), x[t])
			in := append([]float64(nil), n[t]...)
			for j := 0; j < c.Conv && j <= t; j++ {
				for d := range in {
					in[d] += r.w[name("attn.conv")][j*c.Dim+d] * n[t-j][d]
				}
			}
			if c.Arch == lm.ArchGPT2 {
				qkv := r.linear(name("attn.qkv"), in, ad)
				q[t], k[t], v[t] = qkv[:c.Dim], qkv[c.Dim:2*c.Dim], qkv[2*c.Dim:]
				continue
			}
			q[t], k[t], v[t] = r.linear(name("attn.q"), in, ad), r.linear(name("attn.k"), in, ad), r.linear(name("attn.v"), in, ad)
			r.rotate(q[t], t)
			r.rotate(k[t], t)
		}
		hd, share := c.Dim/c.Heads, c.Heads/c.KVHeads
		for t := range x {
			o := make([]float64, c.Dim)
			for h := range c.Heads {
				p, sum := make([]float64, t+1), 0.0
				for s := range p {
					for d := range hd {
						p[s] += q[t][h*hd+d] * k[s][h/share*hd+d] / math.Sqrt(float64(hd))
					}
					p[s] = math.Exp(p[s])
					sum += p[s]
				}
				for s := range p {
					for d := range hd {
						o[h*hd+d] += p[s] / sum * v[s][h/share*hd+d]
					}
				}
			}
			for d, y := range r.linear(name("attn.o"), o, ad) {
				x[t][d] += y
			}
		}
		for t := range x {
			m := r.norm(name("mlp.norm"), x[t])
			a := r.linear(name("mlp.up"), m, ad)
			switch c.Arch {
			case lm.ArchNano:
				for j, u := range a {
					a[j] = math.Pow(math.Max(u, 0), 2)
				}
			case lm.ArchGPT2:
				for j, u := range a {
					a[j] = u / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(u+0.044715*u*u*u)))
				}
			default:
				for j, g := range r.linear(name("mlp.gate"), m, ad) {
					a[j] *= g / (1 + math.Exp(-g))
				}
			}
			for d, y := range r.linear(name("mlp.down"), a, ad) {
				x[t][d] += y
			}
		}
	}
	for t := range x {
		x[t] = r.norm("norm", x[t])
	}
	return x
}

func (r *reference) logits(tokens []int32, ad map[string]*refPair) [][]float64 {
	out := r.hidden(tokens, ad)
	head := r.w["head"]
	if head == nil {
		head = r.w["embed"]
	}
	for t := range out {
		out[t] = matvec(head, out[t])
		if r.c.LogitScale != 0 {
			for j := range out[t] {
				out[t][j] *= r.c.LogitScale
			}
		}
	}
	return out
}

// loss is the weighted sum of token losses of a batch.
func (r *reference) loss(b lm.Batch, ad map[string]*refPair, weights []float32) float64 {
	total := 0.0
	for s := range b.B {
		for t, row := range r.logits(b.Tokens[s*b.T:(s+1)*b.T], ad) {
			i := s*b.T + t
			if b.Targets[i] < 0 {
				continue
			}
			sum := 0.0
			for _, z := range row {
				sum += math.Exp(z)
			}
			w := 1.0
			if weights != nil {
				w = float64(weights[i])
			}
			total += w * (math.Log(sum) - row[b.Targets[i]])
		}
	}
	return total
}

var configs = map[string]lm.Config{
	"nano":  {Arch: "nano", Vocab: 23, Dim: 16, Layers: 3, Heads: 2, KVHeads: 2, FF: 24, Context: 96, Conv: 4, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 0.7, TieEmbeddings: true},
	"wide":  {Arch: "nano", Vocab: 23, Dim: 16, Layers: 2, Heads: 2, KVHeads: 2, FF: 24, TopFF: 40, Context: 96, Conv: 4, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 0.7, TieEmbeddings: true},
	"llama": {Arch: "llama", Vocab: 29, Dim: 24, Layers: 2, Heads: 6, KVHeads: 2, FF: 20, Context: 96, RopeTheta: 10000, NormEps: 1e-5},
	"llama3": {Arch: "llama", Vocab: 17, Dim: 16, Layers: 2, Heads: 2, KVHeads: 1, FF: 12, Context: 96, RopeTheta: 100, NormEps: 1e-5, RopeHalf: true, TieEmbeddings: true,
		RopeScaling: lm.Scaling{Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 48}},
	"qwen2": {Arch: "qwen2", Vocab: 21, Dim: 16, Layers: 2, Heads: 4, KVHeads: 2, FF: 20, Context: 96, RopeTheta: 1e6, NormEps: 1e-6, RopeHalf: true, TieEmbeddings: true},
	"gpt2":  {Arch: "gpt2", Vocab: 25, Dim: 18, Layers: 2, Heads: 3, KVHeads: 3, FF: 28, Context: 96, NormEps: 1e-5, TieEmbeddings: true},
}

func randomModel(t testing.TB, c lm.Config) *lm.Model {
	t.Helper()
	shapes, err := lm.Tensors(c)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	data := map[string][]float32{}
	for _, s := range shapes {
		n := 1
		for _, d := range s.Shape {
			n *= d
		}
		w := make([]float32, n)
		std := 1 / math.Sqrt(float64(s.Shape[len(s.Shape)-1]))
		if s.Name == "embed" || len(s.Shape) == 1 {
			std = 1
		}
		for i := range w {
			w[i] = float32(rng.NormFloat64() * std)
		}
		data[s.Name] = w
	}
	m, err := lm.New(c, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// randomAdapter adapts the named modules, all when there are none.
func randomAdapter(m *lm.Model, rank int, norm bool, names ...string) *lora.Adapter {
	rng := rand.New(rand.NewPCG(3, 4))
	ad := &lora.Adapter{Scale: 0.8, Pairs: map[string]*lora.Pair{}}
	for _, l := range m.Linears() {
		wanted := len(names) == 0
		for _, n := range names {
			wanted = wanted || n == l.Name
		}
		if !wanted {
			continue
		}
		p := lora.NewPair(l.In, l.Out, rank)
		p.NormA = norm
		for i := range p.A {
			p.A[i] = float32(rng.NormFloat64()) / 4
		}
		for i := range p.B {
			p.B[i] = float32(rng.NormFloat64()) / 4
		}
		ad.Pairs[l.Name] = p
	}
	return ad
}

// randomBatch makes sequences of falling length, right-padded, with a masked label of two tokens.
func randomBatch(c lm.Config, B, T int) lm.Batch {
	rng := rand.New(rand.NewPCG(5, 6))
	b := lm.Batch{B: B, T: T}
	for s := range B {
		n := max(3, T-2*s)
		for t := range T {
			b.Tokens = append(b.Tokens, int32(rng.IntN(c.Vocab)))
			y := int32(rng.IntN(c.Vocab))
			if t < 2 || t >= n {
				y = -1
			}
			b.Targets = append(b.Targets, y)
		}
	}
	return b
}
