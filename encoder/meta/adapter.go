package meta

import (
	"fmt"
	"slices"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
)

// written is one tensor that the inner loop writes.
type written struct {
	module     string
	isA        bool
	param      int // its start, phi_0, among the parameters
	rows, cols int
}

// writtenTensors lists them in the order of lora.Adapter.Trained: by module, A before B.
func writtenTensors(c *Config, params []*param) []written {
	var out []written
	add := func(module, name string, isA bool) {
		i := index(params, name)
		out = append(out, written{module: module, isA: isA, param: i, rows: params[i].Rows, cols: params[i].Cols})
	}
	for _, t := range c.Targets {
		if t.TrainA {
			add(t.Module, nameA(t.Module), true)
		}
		if t.TrainB {
			add(t.Module, nameB(t.Module), false)
		}
	}
	return out
}

// zeros gives a buffer for every written tensor.
func (s *setup[T]) zeros() [][]T {
	out := make([][]T, len(s.tensors))
	for i, t := range s.tensors {
		out[i] = make([]T, t.rows*t.cols)
	}
	return out
}

// start gives a copy of phi_0.
func (s *setup[T]) start() [][]T {
	out := make([][]T, len(s.tensors))
	for i, t := range s.tensors {
		out[i] = slices.Clone(s.values[t.param])
	}
	return out
}

// leaves binds one buffer for every written tensor into a graph.
func (s *setup[T]) leaves(g *ad.Graph[T], name string, data [][]T) []*ad.Node[T] {
	out := make([]*ad.Node[T], len(s.tensors))
	for i, t := range s.tensors {
		out[i] = g.Leaf(fmt.Sprintf("%s.%d", name, i), t.rows, t.cols, data[i])
	}
	return out
}

// pair is an adapter's tensors for one module at one moment of the inner loop.
type pair[T kernel.Float] struct{ a, b *ad.Node[T] }

// adapter gives the pairs by module: of a tensor that is written the node in phi, of another the parameter.
func (s *setup[T]) adapter(net *network[T], phi []*ad.Node[T]) map[string]pair[T] {
	out := make(map[string]pair[T], len(s.c.Targets))
	for _, t := range s.c.Targets {
		out[t.Module] = pair[T]{net.weights[nameA(t.Module)], net.weights[nameB(t.Module)]}
	}
	for i, t := range s.tensors {
		p := out[t.module]
		if t.isA {
			p.a = phi[i]
		} else {
			p.b = phi[i]
		}
		out[t.module] = p
	}
	return out
}

// fill copies every buffer of src into that of dst, which programs read.
func fill[T kernel.Float](dst, src [][]T) {
	for i, x := range src {
		copy(dst[i], x)
	}
}
