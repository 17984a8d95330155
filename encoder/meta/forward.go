package meta

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// part gives a tensor's name inside its layer: "layers.3.mlp.down" has "mlp.down".
func part(name string) string {
	if f := strings.SplitN(name, ".", 3); f[0] == "layers" {
		return f[2]
	}
	return name
}

// linears lists the adaptable layers of a configuration.
func linears(c lm.Config, tensors []safetensors.Tensor) []lm.Linear {
	var out []lm.Linear
	for _, t := range tensors {
		if p := part(t.Name); p != "embed" && p != "attn.conv" {
			out = append(out, lm.Linear{Name: t.Name, In: t.Shape[1], Out: t.Shape[0]})
		}
	}
	return out
}

// network is the nano architecture as a graph; internal/lm's forward pass defines the same function (TestAgreesWithEngine).
type network[T kernel.Float] struct {
	c       *Config
	weights map[string]*ad.Node[T]
}

// stream is one batch of sequences of equal length run through the network. What does not depend on the adapter is computed once and shared by all
// inner steps.
type stream[T kernel.Float] struct {
	net   *network[T]
	ids   []int32 // (sequences * seq)
	seq   int
	see   *ad.Visible // what the rows of the only sequence see, first order only; nil: all earlier rows of their sequence
	memo  map[string]*ad.Node[T]
	phi   map[string]pair[T] // the adapter of this run; nil: none
	dirty bool               // the present value depends on phi
}

func (n *network[T]) stream(ids []int32, seq int) *stream[T] {
	return &stream[T]{net: n, ids: ids, seq: seq, memo: map[string]*ad.Node[T]{}}
}

// once builds a node, or reuses the one of an earlier run where nothing adapted lies below it.
func (s *stream[T]) once(key string, build func() *ad.Node[T]) *ad.Node[T] {
	if s.dirty {
		return build()
	}
	n, ok := s.memo[key]
	if !ok {
		n = build()
		s.memo[key] = n
	}
	return n
}

// linear is x W^T, plus the low-rank path Scale * f(x A^T) B^T where the module is adapted; f normalises with NormA.
func (s *stream[T]) linear(x *ad.Node[T], name string) *ad.Node[T] {
	y := s.once(name, func() *ad.Node[T] { return ad.MatMul(x, s.net.weights[name], false, true) })
	p, ok := s.phi[name]
	if !ok {
		return y
	}
	t := s.net.c.target(name)
	was := s.dirty
	s.dirty = s.dirty || t.TrainA
	u := s.once(name+".lora", func() *ad.Node[T] {
		u := ad.MatMul(x, p.a, false, true)
		if t.NormA {
			u = ad.RMSNorm(u, lora.NormEps)
		}
		return u
	})
	s.dirty = was || t.TrainA || t.TrainB
	return ad.Add(y, ad.Scale(ad.MatMul(u, p.b, false, true), T(s.net.c.Scale)))
}

// hidden gives the last layer's output before the final normalisation, (sequences*seq, dim).
func (s *stream[T]) hidden(phi map[string]pair[T]) *ad.Node[T] {
	c := s.net.c.Model
	s.phi, s.dirty = phi, false
	x := s.once("embed", func() *ad.Node[T] { return ad.Gather(s.net.weights["embed"], s.ids) })
	for i := range c.Layers {
		name := func(p string) string { return fmt.Sprintf("layers.%d.%s", i, p) }
		n := s.once(name("shift"), func() *ad.Node[T] {
			n := ad.RMSNorm(x, c.NormEps)
			return ad.Add(n, ad.Conv(n, s.net.weights[name("attn.conv")], s.seq))
		})
		q, k, v := s.linear(n, name("attn.q")), s.linear(n, name("attn.k")), s.linear(n, name("attn.v"))
		o := s.once(name("attention"), func() *ad.Node[T] {
			q, k := ad.Rope(q, s.seq, c.Heads, c.RopeTheta, 1), ad.Rope(k, s.seq, c.Heads, c.RopeTheta, 1)
			if s.see != nil {
				return ad.PromptAttention(q, k, v, c.Heads, s.see)
			}
			return ad.Attention(q, k, v, s.seq, c.Heads)
		})
		out := s.linear(o, name("attn.o"))
		below := x
		x = s.once(name("mid"), func() *ad.Node[T] { return ad.Add(below, out) })
		mid := x
		m := s.once(name("norm"), func() *ad.Node[T] { return ad.RMSNorm(mid, c.NormEps) })
		up := s.linear(m, name("mlp.up"))
		a := s.once(name("act"), func() *ad.Node[T] { return ad.Relu2(up) })
		down := s.linear(a, name("mlp.down"))
		x = s.once(name("out"), func() *ad.Node[T] { return ad.Add(mid, down) })
	}
	return x
}
