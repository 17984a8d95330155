// Package adtest checks gradients against central differences.
package adtest

import (
	"math"
	"testing"

	"github.com/perkdb/perk/internal/ad"
)

// elements is about how many elements of a leaf are perturbed; they are spread evenly over it.
const elements = 40

// Check compares Grad of a scalar function of leaves with central differences, relative to the largest gradient of each leaf. leaves must
// make leaves over the slices of data, in order.
func Check(t testing.TB, data [][]float64, leaves func(*ad.Graph[float64]) []*ad.Node[float64],
	f func([]*ad.Node[float64]) *ad.Node[float64], step, tolerance float64) {
	t.Helper()
	g := ad.NewGraph(ad.NewPool[float64]())
	x := leaves(g)
	loss := f(x)
	grads := ad.Grad(loss, x...)
	outputs := []*ad.Node[float64]{loss}
	for _, d := range grads {
		if d != nil {
			outputs = append(outputs, d)
		}
	}
	p, err := g.Compile(outputs...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	eval := func() float64 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		return loss.Value()[0]
	}
	eval()
	for i, d := range grads {
		got := make([]float64, len(data[i]))
		if d != nil {
			copy(got, d.Value())
		}
		want := make([]float64, len(got))
		top := 1e-3
		stride := max(1, len(want)/elements)
		for j := 0; j < len(want); j += stride {
			keep := data[i][j]
			data[i][j] = keep + step
			up := eval()
			data[i][j] = keep - step
			want[j] = (up - eval()) / (2 * step)
			data[i][j] = keep
			top = max(top, math.Abs(want[j]))
		}
		eval()
		for j := 0; j < len(want); j += stride {
			if e := math.Abs(got[j]-want[j]) / top; !(e <= tolerance) {
				t.Errorf("leaf %d element %d: gradient %g, central difference %g, error %.2g of the largest (%g)", i, j, got[j], want[j], e, top)
				break
			}
		}
	}
}
