package meta

import (
	"context"
	"strconv"
	"strings"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/safetensors"
)

// frozen is a base model that does not train. Its layers below the lowest adapted one are run by internal/lm, once for each sequence, and are not in the graphs; the others are
// constants there. A nil frozen has nothing.
type frozen[T kernel.Float] struct {
	model *lm.Model
	from  int                  // lowest adapted layer
	table []safetensors.Tensor // names and shapes of the tensors of the layers from there on, and of the head
	data  [][]T
}

func newFrozen[T kernel.Float](c *Config, base *lm.Model) *frozen[T] {
	if base == nil {
		return nil
	}
	f := &frozen[T]{model: base, from: c.lowest()}
	for _, t := range base.Tensors() {
		if i, ok := layerOf(t.Name); ok && i < f.from || t.Name == "positions" {
			continue
		}
		f.table = append(f.table, t)
		f.data = append(f.data, inPrecision[T](t.Data))
	}
	return f
}

// layerOf gives the layer of a tensor or module; ok is false outside the layers.
func layerOf(name string) (layer int, ok bool) {
	rest, ok := strings.CutPrefix(name, "layers.")
	if !ok {
		return 0, false
	}
	number, _, _ := strings.Cut(rest, ".")
	layer, err := strconv.Atoi(number)
	return layer, err == nil
}

// lowest gives the lowest adapted layer.
func (c *Config) lowest() int {
	low := c.Model.Layers
	for _, t := range c.Targets {
		if i, ok := layerOf(t.Module); ok {
			low = min(low, i)
		}
	}
	return low
}

// bind adds the base model's tensors to a network, as constants.
func (f *frozen[T]) bind(g *ad.Graph[T], n *network[T]) {
	if f == nil {
		return
	}
	n.from = f.from
	for i, t := range f.table {
		rows, cols := 1, t.Shape[len(t.Shape)-1]
		if len(t.Shape) == 2 {
			rows = t.Shape[0]
		}
		n.weights[t.Name] = g.Leaf(t.Name, rows, cols, f.data[i])
	}
}

// room gives the buffer that below fills for a program of so many tokens; nil where the graph begins with the embeddings.
func (f *frozen[T]) room(tokens int) []T {
	if f == nil {
		return nil
	}
	return make([]T, tokens*f.model.Config().Dim)
}

// below computes what the lowest adapted layer reads, (len(tokens), dim), of whole sequences of seq tokens. Errors: EInvalid, ECanceled.
func (f *frozen[T]) below(ctx context.Context, tokens []int32, seq int) ([]T, error) {
	if f == nil || len(tokens) == 0 {
		return nil, nil
	}
	b := lm.Batch{B: len(tokens) / seq, T: seq, Tokens: tokens, Targets: make([]int32, len(tokens))}
	x, err := f.model.Below(ctx, b, f.from, 1)
	return inPrecision[T](x), err
}
