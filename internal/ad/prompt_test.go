package ad_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/ad/adtest"
)

// threeQuestions is a document of 5 rows and questions of 3, 4 and 78 rows, so that the last one goes over a border of the blocks.
func threeQuestions() *ad.Visible {
	return &ad.Visible{Shared: 5, Own: slices.Concat(slices.Repeat([]int32{0}, 5), slices.Repeat([]int32{5}, 3), slices.Repeat([]int32{8}, 4), slices.Repeat([]int32{12}, 78))}
}

func TestPromptAttentionGradient(t *testing.T) {
	const rows, d = 90, 4
	r := rand.New(rand.NewPCG(4, 4))
	data := [][]float64{random(r, rows*d), random(r, rows*d), random(r, rows*d)}
	adtest.Check(t, data, func(g *graph) []*node {
		return []*node{g.Leaf("q", rows, d, data[0]), g.Leaf("k", rows, d, data[1]), g.Leaf("v", rows, d, data[2])}
	}, func(x []*node) *node { return scalar(ad.PromptAttention(x[0], x[1], x[2], 2, threeQuestions()), 3) }, step, tolerance, 120)
}

// A question among others must be answered as if it followed the document alone, and all of plain causal attention is seen without limits.
func TestPromptAttentionSees(t *testing.T) {
	const rows, d = 90, 4
	r := rand.New(rand.NewPCG(6, 6))
	q, k, v := random(r, rows*d), random(r, rows*d), random(r, rows*d)
	attend := func(rows int, q, k, v []float64, build func(q, k, v *node) *node) []float64 {
		g := ad.NewGraph(ad.NewPool[float64]())
		y := build(g.Leaf("q", rows, d, q), g.Leaf("k", rows, d, k), g.Leaf("v", rows, d, v))
		p, err := g.Compile(y)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		return y.Value()
	}
	equal := func(what string, got, want []float64) {
		t.Helper()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12 {
				t.Fatalf("%s: element %d is %g, want %g", what, i, got[i], want[i])
			}
		}
	}
	plain := func(q, k, v *node) *node { return ad.Attention(q, k, v, q.Rows, 2) }
	among := attend(rows, q, k, v, func(q, k, v *node) *node { return ad.PromptAttention(q, k, v, 2, threeQuestions()) })
	for _, own := range [][2]int{{5, 8}, {8, 12}, {12, 90}} {
		cut := func(x []float64) []float64 { return slices.Concat(x[:5*d], x[own[0]*d:own[1]*d]) }
		alone := attend(5+own[1]-own[0], cut(q), cut(k), cut(v), plain)
		equal("question", among[own[0]*d:own[1]*d], alone[5*d:])
	}
	all := &ad.Visible{Own: make([]int32, rows)}
	equal("all", attend(rows, q, k, v, func(q, k, v *node) *node { return ad.PromptAttention(q, k, v, 2, all) }), attend(rows, q, k, v, plain))
}
