// Package adtest checks gradients against central differences.
package adtest

import (
	"math"
	"testing"

	"github.com/perkdb/perk/internal/ad"
)

// Check compares Grad of a scalar function of leaves with central differences, relative to the largest gradient of each leaf. leaves must
// make leaves over the slices of data, in order. About
// elements elements of each leaf are perturbed, spread evenly over it.
func Check(t testing.TB, data [][]float64, leaves func(*ad.Graph[float64]) []*ad.Node[float64],
	f func([]*ad.Node[float64]) *ad.Node[float64], step, tolerance float64, elements int) {
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
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	// The loss alone, as a graph of its own: most of the work of the other one is the gradient.
	plain := ad.NewGraph(ad.NewPool[float64]())
	value := f(leaves(plain))
	q, err := plain.Compile(value)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	eval := func() float64 {
		if err := q.Run(); err != nil {
			t.Fatal(err)
		}
		return value.Value()[0]
	}
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
		for j := 0; j < len(want); j += stride {
			if e := math.Abs(got[j]-want[j]) / top; !(e <= tolerance) {
				t.Errorf("leaf %d element %d: gradient %g, central difference %g, error %.2g of the largest (%g)", i, j, got[j], want[j], e, top)
				break
			}
		}
	}
}
