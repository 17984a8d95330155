package meta

import (
	"slices"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
)

// setup is what the programs of one worker share. T is float32 for training and float64 for gradient checks.
type setup[T kernel.Float] struct {
	c       *Config
	params  []*param
	values  [][]T // the parameters' data in the precision of the programs, which read it at every run
	tensors []written
	pool    *ad.Pool[T]
	frozen  *frozen[T] // nil: the base model is among the parameters
}

func newSetup[T kernel.Float](c *Config, base *lm.Model, params []*param) *setup[T] {
	s := &setup[T]{c: c, params: params, tensors: writtenTensors(c, params), pool: ad.NewPool[T](), frozen: newFrozen[T](c, base)}
	for _, p := range params {
		s.values = append(s.values, data[T](p))
	}
	return s
}

// newGraph makes an empty graph that multiplies in the configuration's precision.
func newGraph[T kernel.Float](c *Config, pool *ad.Pool[T]) *ad.Graph[T] {
	g := ad.NewGraph(pool)
	g.Rounded = c.Precision == encoder.BFloat16
	return g
}

// index gives a parameter's place by its name.
func index(params []*param, name string) int {
	return slices.IndexFunc(params, func(p *param) bool { return p.Name == name })
}

// network binds the parameters into a graph; the leaves are in their order.
func (s *setup[T]) network(g *ad.Graph[T]) (*network[T], []*ad.Node[T]) {
	n := &network[T]{c: s.c, weights: make(map[string]*ad.Node[T], len(s.params))}
	s.frozen.bind(g, n)
	leaves := make([]*ad.Node[T], len(s.params))
	for i, p := range s.params {
		leaves[i] = g.Leaf(p.Name, p.Rows, p.Cols, s.values[i])
		n.weights[p.Name] = leaves[i]
	}
	return n, leaves
}

// live gives the nodes that are not nil: a gradient is nil where the loss does not depend on the leaf.
func live[T kernel.Float](nodes ...*ad.Node[T]) []*ad.Node[T] {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *ad.Node[T]) bool { return n == nil })
}

// copies gives the values of nodes, nil for one that is nil, such as the gradient of what the loss does not depend on; the next run overwrites the nodes' own data.
func copies[T kernel.Float](nodes []*ad.Node[T]) [][]T {
	out := make([][]T, len(nodes))
	for i, n := range nodes {
		if n != nil {
			out[i] = slices.Clone(n.Value())
		}
	}
	return out
}

// addTo adds x to y.
func addTo[T kernel.Float](y, x []T) {
	if y32, ok := any(y).([]float32); ok {
		kernel.Axpy(1, any(x).([]float32), y32)
		return
	}
	for i, v := range x {
		y[i] += v
	}
}

// gather adds the values of nodes, where they are not nil, to sums; a sum is nil as long as nothing was added to it.
func gather[T kernel.Float](sums [][]T, nodes []*ad.Node[T]) {
	for i, n := range nodes {
		switch {
		case n == nil:
		case sums[i] == nil:
			sums[i] = slices.Clone(n.Value())
		default:
			addTo(sums[i], n.Value())
		}
	}
}
