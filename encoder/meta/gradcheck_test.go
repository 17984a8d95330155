package meta

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/recipe"
)

// TestOuterGradient compares the outer gradient with central differences in float64, at most 1e-4 apart, tensor by tensor along a random direction: every rule,
// 1 to 8 inner steps, whole and truncated, A and B of several layers, on a document of several groups.
func TestOuterGradient(t *testing.T) {
	rules := []recipe.Rule{{Name: recipe.SGD}, {Name: recipe.Normalized, Eps: 1e-2},
		{Name: recipe.AdamW, Beta1: 0.9, Beta2: 0.95, Eps: 1e-2, WeightDecay: 0.05}, {Name: recipe.Ridge}}
	rates := map[string]float64{recipe.SGD: 0.1, recipe.Normalized: 0.1, recipe.AdamW: 0.02, recipe.Ridge: 1}
	for _, r := range rules {
		for _, depth := range [][2]int{{1, 1}, {1, 0}, {2, 2}, {3, 1}, {8, 8}, {8, 3}} {
			t.Run(fmt.Sprintf("%s/steps=%d/unroll=%d", r.Name, depth[0], depth[1]), func(t *testing.T) {
				if testing.Short() && depth != [2]int{2, 2} {
					t.Skip("needs some seconds")
				}
				t.Parallel()
				c, tok := tiny(t)
				c.Rule, c.Steps, c.Unroll, c.InnerRate, c.Questions, c.Answers = r, depth[0], depth[1], rates[r.Name], 2, 40
				if r.Name == recipe.Ridge {
					c.InnerRidge = 0.3
				} else if c.Targets = all(c, 3); c.Steps > 1 {
					c.Targets = []recipe.Target{c.Targets[1], c.Targets[8]} // one of each layer
				}
				tr := started(t, c, tok)
				checkGradient(t, tr, shortSample(t, tr), 5)
			})
		}
	}
}

func checkGradient(t *testing.T, tr *Trainer, s *sample, sequences int) {
	const step, tolerance = 1e-5, 1e-4
	e, err := newEpisode[float64](tr.c, tr.base, tr.params, sequences)
	if err != nil {
		t.Fatal(err)
	}
	constant := e.open(s)
	if len(constant.groups) < 3 {
		t.Fatalf("the document has %d groups, want several", len(constant.groups))
	}
	if _, err := e.write(t.Context(), constant); err != nil {
		t.Fatal(err)
	}
	cov, damping := slices.Clone(e.update.cov), slices.Clone(e.update.damping)
	out, err := e.run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if v := value(t, e, s, constant, cov, damping); math.Abs(v-out.loss) > 1e-12 {
		t.Fatalf("the test's loss is %v, the episode's %v", v, out.loss)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for i, p := range tr.params {
		x := e.values[i]
		size := 1 / math.Sqrt(float64(len(x)))
		direction := make([]float64, len(x))
		got, norm := 0.0, 0.0
		for j := range x {
			direction[j] = size * float64(1-2*rng.IntN(2))
			if out.outer[i] != nil {
				got += direction[j] * out.outer[i][j]
				norm += out.outer[i][j] * out.outer[i][j]
			}
		}
		at := func(h float64) float64 {
			for j, d := range direction {
				x[j] += h * d
			}
			defer func(before []float64) { copy(x, before) }(data[float64](p))
			return value(t, e, s, constant, cov, damping)
		}
		want := (at(step) - at(-step)) / (2 * step)
		if top := max(math.Abs(want), math.Sqrt(norm)*size, 1e-5); !(math.Abs(got-want) <= tolerance*top) {
			t.Errorf("%s: derivative %g, central difference %g, error %.2g of %g", p.Name, got, want, math.Abs(got-want)/top, top)
		}
	}
}

// value is the outer loss, with the gradients, and for the ridge rule the covariance, of the steps before the last Unroll taken as constants.
func value(t *testing.T, e *episode[float64], s *sample, constant *document[float64], cov, damping []float64) float64 {
	ctx, c := t.Context(), e.c
	run := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	d := e.open(s)
	e.loaded = [2]int{-1, -1}
	st := e.zeroState()
	st.phi = e.start()
	for n := range c.Steps {
		d.states = append(d.states, st)
		grad := constant.grads[n]
		copy(e.update.cov, cov)
		copy(e.update.damping, damping)
		if n >= c.Steps-c.Unroll {
			grad = make([][]float64, len(e.tensors))
			for k := range d.groups {
				run(e.gradient(ctx, d, n, k))
				gather(grad, e.group.grads)
				e.observe(k)
			}
			e.damp()
		}
		var err error
		st, err = e.update.step(n, st, grad)
		run(err)
	}
	q, err := e.ask(ctx, s.asks, st.phi)
	run(err)
	loss := q.loss.Value()[0]
	for k := range d.groups {
		if e.group.auxLoss == nil {
			break
		}
		run(e.gradient(ctx, d, e.first(), k))
		e.loaded = [2]int{-1, -1}
		run(e.group.second.Run())
		loss += e.group.auxLoss.Value()[0]
	}
	return loss
}
