package meta

import (
	"testing"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/ad/adtest"
)

// TestOuterGradient compares the outer gradient, through all unrolled inner steps, with central differences in float64: at most 1e-4
// of the largest gradient of each tensor.
func TestOuterGradient(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			c, tok := tiny(t)
			form(c)
			if c.Unroll != c.Steps {
				t.Skip("a truncated gradient is not the gradient")
			}
			tr := started(t, c, tok)
			s := shortSample(t, tr)
			values := make([][]float64, len(tr.params))
			for i, p := range tr.params {
				values[i] = data[float64](p)
			}
			e := newInputs[float64](c, shapeOf(s))
			e.load(s)
			adtest.Check(t, values, func(g *ad.Graph[float64]) []*ad.Node[float64] {
				var leaves []*ad.Node[float64]
				for i, p := range tr.params {
					leaves = append(leaves, g.Leaf(p.Name, p.Rows, p.Cols, values[i]))
				}
				return leaves
			}, func(x []*ad.Node[float64]) *ad.Node[float64] {
				e.build(x[0].Graph(), newNetwork(c, tr.params, x))
				return e.loss
			}, 1e-5, 1e-4, 6)
		})
	}
}
