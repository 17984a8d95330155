package encoder

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/safetensors"
)

func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		rule recipe.Rule
		want []float32 // after two steps from (1, -2) with gradient (0.5, 0) at rates 0.1 and 0.2
	}{
		recipe.SGD:        {recipe.Rule{Name: recipe.SGD}, []float32{1 - 0.05 - 0.1, -2}},
		recipe.Normalized: {recipe.Rule{Name: recipe.Normalized, Eps: 1e-6}, []float32{1 - 0.1 - 0.2, -2}}, // a step is as long as its rate
		// Under a constant gradient Adam's step is its sign; decay shrinks first.
		recipe.AdamW: {recipe.Rule{Name: recipe.AdamW, Beta1: .9, Beta2: .95, Eps: 1e-12, WeightDecay: .5}, []float32{(1*0.95-0.1)*0.9 - 0.2, -2 * 0.95 * 0.9}},
	} {
		phi := []safetensors.Tensor{{Data: []float32{1, -2}}}
		grad := []safetensors.Tensor{{Data: []float32{0.5, 0}}}
		u := newUpdater(c.rule, phi)
		u.step(phi, grad, []float32{0.1})
		u.step(phi, grad, []float32{0.2})
		if d := cmp.Diff(c.want, phi[0].Data, cmpopts.EquateApprox(0, 1e-6)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestTokenWeights(t *testing.T) {
	b := lm.Batch{B: 2, T: 3, Tokens: make([]int32, 6), Targets: []int32{4, 5, -1, 6, -1, -1}}
	if d := cmp.Diff([]float32{1, 1, 0, 1, 0, 0}, TokenWeights(nil, nil, b, 1)); d != "" {
		t.Errorf("no head (-want +got):\n%s", d)
	}
	// One hidden unit that reads 2 h_{t-1}[0] - h_t[1] + 0.5.
	w := &recipe.Weighting{Dim: 2, Hidden: 1, W1: []float32{2, 0, 0, -1}, B1: []float32{0.5}, W2: []float32{3}, B2: []float32{-1}}
	h := []float32{1, 9, 9, 2, 0.5, 3 /* second sequence */, -1, 9, 9, 4, 9, 9}
	head := func(prev, own float64) float32 {
		x := 2*prev - own + 0.5
		x = 3*(x/2*(1+math.Erf(x/math.Sqrt2))) - 1
		return float32(math.Log(1+math.Exp(3*x)) / 3)
	}
	want := []float32{head(1, 2), head(9, 3), 0, head(-1, 4), 0, 0}
	if d := cmp.Diff(want, TokenWeights(w, h, b, 2), cmpopts.EquateApprox(1e-6, 1e-7)); d != "" {
		t.Errorf("head (-want +got):\n%s", d)
	}
	if got := softplus(1e6, 3); got != 1e6 {
		t.Errorf("softplus(1e6) = %v", got)
	}
}

func TestGrouped(t *testing.T) {
	c := &Chunks{Tokens: []int32{1, 2, 3, 4, 5, 6}, spans: []span{{0, 1, false}, {1, 4, false}, {4, 5, false}, {5, 6, true}}, label: 90, rev: 91}
	if d := cmp.Diff([][]int{{1}, {0, 2}, {3}}, c.grouped(5)); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	if d := cmp.Diff([][]int{{1}, {0}, {2}, {3}}, c.grouped(1)); d != "" {
		t.Errorf("a sequence longer than the budget is a group of its own (-want +got):\n%s", d)
	}
	want := lm.Batch{B: 2, T: 4, Tokens: []int32{90, 2, 3, 4, 91, 6, 0, 0}, Targets: []int32{2, 3, 4, -1, 6, -1, -1, -1}}
	if d := cmp.Diff(want, c.batch([]int{1, 3})); d != "" {
		t.Errorf("batch (-want +got):\n%s", d)
	}
}
