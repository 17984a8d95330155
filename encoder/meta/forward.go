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
		switch part(t.Name) {
		case "embed", "head", "positions", "attn.conv":
			continue
		}
		if len(t.Shape) == 2 {
			out = append(out, lm.Linear{Name: t.Name, In: t.Shape[1], Out: t.Shape[0]})
		}
	}
	return out
}

// network is the layers that training looks at as a graph, all of them or those from the cut on; internal/lm's forward pass defines the same function
// (TestAgreesWithEngine).
type network[T kernel.Float] struct {
	c       *Config
	from    int // lowest layer; those below are run by internal/lm
	weights map[string]*ad.Node[T]
}

// norm gives the normalisation of that name, with gain and bias where the model has them.
func (n *network[T]) norm(x *ad.Node[T], name string) *ad.Node[T] {
	if n.c.Model.Arch == lm.ArchGPT2 {
		x = ad.Centre(x)
	}
	x = ad.RMSNorm(x, n.c.Model.NormEps)
	if gain := n.weights[name]; gain != nil {
		x = ad.MulRow(x, gain)
	}
	if bias := n.weights[name+".bias"]; bias != nil {
		x = ad.AddRow(x, bias)
	}
	return x
}

// nll gives the (rows, 1) losses of targets from rows of the last layer's output.
func (n *network[T]) nll(x *ad.Node[T], targets []int32) *ad.Node[T] {
	scale, table := n.c.Model.LogitScale, n.weights["head"]
	if scale == 0 {
		scale = 1
	}
	if table == nil {
		table = n.weights["embed"]
	}
	return ad.Head[T]{Scale: T(scale), Targets: targets}.Nll(n.norm(x, "norm"), table)
}

// rotary gives the turns of queries and keys; they have none where positions are learned.
func rotary(c lm.Config) ad.Rotary { return ad.Rotary{Freq: c.Frequencies(), Half: c.RopeHalf} }

// stream is one batch of sequences of equal length run through the network. What does not depend on the adapter is computed once and shared by all
// inner steps.
type stream[T kernel.Float] struct {
	net   *network[T]
	in    func() *ad.Node[T] // what the lowest layer reads, (sequences*seq, dim)
	seq   int
	see   *ad.Visible // what the rows of the only sequence see, first order only; nil: all earlier rows of their sequence
	memo  map[string]*ad.Node[T]
	phi   map[string]pair[T] // the adapter of this run; nil: none
	dirty bool               // the present value depends on phi
}

// stream reads the embeddings of ids, or, where the lowest layer is not the model's first or the embedding is not among the weights, what lies below, (len(ids), dim).
func (n *network[T]) stream(ids []int32, below []T, seq int) *stream[T] {
	s := &stream[T]{net: n, seq: seq, memo: map[string]*ad.Node[T]{}}
	s.in = func() *ad.Node[T] {
		embed := n.weights["embed"]
		if below != nil {
			return embed.Graph().Leaf("below", len(ids), n.c.Model.Dim, below)
		}
		return ad.Gather(embed, ids)
	}
	return s
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

// linear is x W^T + b, plus the low-rank path Scale * f(x A^T) B^T where the module is adapted; f normalises with NormA.
func (s *stream[T]) linear(x *ad.Node[T], name string) *ad.Node[T] {
	y := s.once(name, func() *ad.Node[T] {
		y := ad.MatMul(x, s.net.weights[name], false, true)
		if bias := s.net.weights[name+".bias"]; bias != nil {
			y = ad.AddRow(y, bias)
		}
		return y
	})
	p, ok := s.phi[name]
	if !ok {
		return y
	}
	t := s.net.c.target(name)
	was := s.dirty
	s.dirty = s.dirty || t.TrainA
	u := s.once(name+".lora", func() *ad.Node[T] {
		u := x
		if !t.Full {
			u = ad.MatMul(x, p.a, false, true)
		}
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
	s.phi, s.dirty = phi, false
	x := s.once("embed", s.in)
	for i := s.net.from; i < s.net.c.Model.Layers; i++ {
		name := func(p string) string { return fmt.Sprintf("layers.%d.%s", i, p) }
		n := s.once(name("shift"), func() *ad.Node[T] {
			n := s.net.norm(x, name("attn.norm"))
			if conv := s.net.weights[name("attn.conv")]; conv != nil {
				n = ad.Add(n, ad.Conv(n, conv, s.seq))
			}
			return n
		})
		out := s.linear(s.attention(n, name), name("attn.o"))
		below := x
		mid := s.once(name("mid"), func() *ad.Node[T] { return ad.Add(below, out) })
		m := s.once(name("norm"), func() *ad.Node[T] { return s.net.norm(mid, name("mlp.norm")) })
		down := s.linear(s.activated(m, name), name("mlp.down"))
		x = s.once(name("out"), func() *ad.Node[T] { return ad.Add(mid, down) })
	}
	return x
}

// attention gives what a layer's heads read, (sequences*seq, dim).
func (s *stream[T]) attention(n *ad.Node[T], name func(string) string) *ad.Node[T] {
	c := s.net.c.Model
	var q, k, v *ad.Node[T]
	width := c.Dim / c.Heads
	if s.net.weights[name("attn.qkv")] != nil {
		qkv := s.linear(n, name("attn.qkv"))
		part := func(key string, i int) *ad.Node[T] {
			return s.once(name(key), func() *ad.Node[T] { return ad.Columns(qkv, i*c.Dim, (i+1)*c.Dim) })
		}
		q, k, v = part("q", 0), part("k", 1), part("v", 2)
	} else {
		q, k, v = s.linear(n, name("attn.q")), s.linear(n, name("attn.k")), s.linear(n, name("attn.v"))
	}
	return s.once(name("attention"), func() *ad.Node[T] {
		if turn := rotary(c); turn.Freq != nil {
			q, k = ad.Rope(q, s.seq, turn, 1), ad.Rope(k, s.seq, turn, 1)
		}
		if times := c.Heads / c.KVHeads; times > 1 {
			k, v = ad.RepeatHeads(k, width, times), ad.RepeatHeads(v, width, times)
		}
		if s.see != nil {
			return ad.PromptAttention(q, k, v, c.Heads, s.see)
		}
		return ad.Attention(q, k, v, s.seq, c.Heads)
	})
}

// activated gives the input of a layer's down projection.
func (s *stream[T]) activated(m *ad.Node[T], name func(string) string) *ad.Node[T] {
	if s.net.weights[name("mlp.gate")] != nil {
		gate, up := s.linear(m, name("mlp.gate")), s.linear(m, name("mlp.up"))
		return s.once(name("act"), func() *ad.Node[T] { return ad.Mul(ad.Silu(gate), up) })
	}
	up := s.linear(m, name("mlp.up"))
	return s.once(name("act"), func() *ad.Node[T] {
		if s.net.c.Model.Arch == lm.ArchGPT2 {
			return ad.GeluTanh(up)
		}
		return ad.Relu2(up)
	})
}
