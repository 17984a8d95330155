package ad_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/ad"
)

// A later program goes on from the earlier one: it sees what the earlier one computed, and what was written into its own leaves since.
func TestLaterProgramGoesOn(t *testing.T) {
	g := ad.NewGraph(ad.NewPool[float64]())
	x, a := []float64{0.5, -1, 2}, []float64{0, 0, 0}
	leaf, adjoint := g.Leaf("x", 1, 3, x), g.Leaf("a", 1, 3, a)
	grad := ad.Grad(ad.Sum(ad.Exp(leaf)), leaf)[0]
	product := ad.Grad(ad.Sum(ad.Mul(adjoint, grad)), leaf)[0]
	first, err := g.Compile(grad)
	if err != nil {
		t.Fatal(err)
	}
	second, err := g.Compile(product)
	if err != nil {
		t.Fatal(err)
	}
	if first.Ops() == 0 || second.Ops() == 0 {
		t.Fatalf("the programs have %d and %d operations", first.Ops(), second.Ops())
	}
	for round := range 3 {
		x[0] = float64(round)
		if err := first.Run(); err != nil {
			t.Fatal(err)
		}
		for i, v := range grad.Value() {
			a[i] = v
		}
		if round == 1 {
			continue // a first run need not be followed by a second
		}
		if err := second.Run(); err != nil {
			t.Fatal(err)
		}
		for i, v := range product.Value() {
			if want := math.Exp(2 * x[i]); math.Abs(v-want) > 1e-12*want {
				t.Errorf("round %d, element %d: %g, want %g", round, i, v, want)
			}
		}
	}
}

// A row without a target costs nothing and gives nothing, at the end of the rows and between others.
func TestRowsWithoutTarget(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	h, e, w, u := random(r, 24), random(r, 12), random(r, 8), random(r, 24)
	run := func(targets []int32, weights []float64) [][]float64 {
		g := ad.NewGraph(ad.NewPool[float64]())
		x := []*node{g.Leaf("h", 8, 3, h), g.Leaf("e", 4, 3, e), g.Leaf("w", 8, 1, weights)}
		loss := ad.Sum(ad.Mul(ad.Head[float64]{Scale: 1.3, Targets: targets}.Nll(x[0], x[1]), x[2]))
		inner := ad.Grad(loss, x[0])[0]
		second := ad.Grad(ad.Sum(ad.Mul(inner, g.Leaf("u", 8, 3, u))), x[0], x[1])
		outputs := append([]*node{loss, inner}, append(second, ad.Grad(loss, x[0], x[1])...)...)
		p, err := g.Compile(outputs...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		var out [][]float64
		for _, o := range outputs {
			out = append(out, o.Value())
		}
		return out
	}
	w[2], w[6], w[7] = 0, 0, 0 // what the same rows give with a target of no weight
	want := run(ids, w)
	got := run([]int32{1, 0, -1, 1, 3, 3, -1, -1}, []float64{w[0], w[1], 5, w[3], w[4], w[5], 5, 5})
	for k := range want {
		for i, v := range want[k] {
			if math.Abs(v-got[k][i]) > 1e-12 {
				t.Errorf("output %d element %d: %g, want %g", k, i, got[k][i], v)
			}
		}
	}
}
