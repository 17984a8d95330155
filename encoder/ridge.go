package encoder

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/spd"
)

// covariance is the ridge rule's state: the weighted covariance of the document's keys, gathered in the first step, and its factors. Keys and weights do not change
// during a write, so they serve all steps.
type covariance struct {
	lambda  float32
	floor   float32
	rank    int
	threads int
	module  string
	factor  *spd.Factor // nil until the first step's gradient is complete

	gram []float32 // (rank, rank), the upper triangle; nil in the dual form

	// Of the dual form. With the weighted keys Q (keys, rank) and errors R (keys, out), the gradient is G = R^T Q, and
	// G (Q^T Q + lambda I)^-1 = R^T (Q Q^T + lambda I)^-1 Q.
	keys   []float32
	errors []float32 // of the present step
}

// newCovariance chooses the form. A short document has fewer keys than the rank: its dual form factorises a matrix of that size in place of one of the rank's. The
// choice depends on the document alone.
func newCovariance(r *recipe.Recipe, groups []*group, threads int) *covariance {
	t := r.Targets[0] // Validate allows the ridge rule one target only
	c := &covariance{lambda: r.Rule.Lambda, floor: r.Rule.Floor, rank: t.Rank, threads: threads, module: t.Module}
	keys := 0
	for _, g := range groups {
		for _, target := range g.batch.Targets {
			if target >= 0 {
				keys++
			}
		}
	}
	if dualBelow(keys, t.Rank) {
		c.keys, c.errors = make([]float32, 0, keys*t.Rank), make([]float32, 0, keys*r.Init.Pairs[t.Module].Out)
	} else {
		c.gram = make([]float32, t.Rank*t.Rank)
	}
	return c
}

// dualBelow tells whether so many keys are few enough for the dual form. It takes less time as long as there are fewer keys than the rank (BenchmarkWhiten), but adapters of
// more keys than two thirds of that lose answers when they are rounded without the primal form's factor (docs/adr/0032).
func dualBelow(keys, rank int) bool { return 3*keys <= 2*rank }

// dual tells the form.
func (c *covariance) dual() bool { return c.gram == nil }

// see adds a group's keys and gives the floating-point operations that this cost: a multiply-add is two, and half of the covariance is computed.
func (c *covariance) see(ctx context.Context, pass *lm.Pass, g *group) (flops float64, err error) {
	if c.dual() {
		c.keys, err = pass.WeightedKeys(g.weights, c.keys)
		return 0, err
	}
	keys, err := pass.Covariance(ctx, g.weights, c.gram)
	return float64(len(c.gram)) * float64(keys), err
}

// gradient adds a group's gradient to grad, in the dual form its errors to those of the step, and gives the group's loss.
func (c *covariance) gradient(ctx context.Context, pass *lm.Pass, g *group, phi, grad *lora.Adapter) (loss float64, err error) {
	if !c.dual() {
		return pass.Gradient(ctx, phi, g.weights, grad)
	}
	c.errors, loss, err = pass.WeightedErrors(ctx, phi, g.weights, c.errors)
	return loss, err
}

// whiten replaces the gradient of B by its product with (gram + (lambda + floor mean_i gram_ii) I)^-1, and ends the step.
func (c *covariance) whiten(grad *lora.Adapter) error {
	if c.factor == nil {
		var err error
		if c.factor, err = c.factorise(); err != nil {
			return perk.Errorf(perk.EInternal, "encoder.Run", "key covariance of %s: %w", c.module, err).
				WithHint("the recipe's lambda is too small for this document; use a recipe trained on longer documents")
		}
	}
	b := grad.Pairs[c.module].B
	out := len(b) / c.rank
	if !c.dual() {
		spd.Solve(c.factor, out, b)
		return nil
	}
	keys := len(c.keys) / c.rank
	x := make([]float32, out*keys) // R^T
	for i := range keys {
		for j, v := range c.errors[i*out : (i+1)*out] {
			x[j*keys+i] = v
		}
	}
	c.errors = c.errors[:0]
	spd.Solve(c.factor, out, x)
	kernel.Gemm(false, false, out, c.rank, keys, x, keys, c.keys, c.rank, 0, b, c.rank)
	return nil
}

func (c *covariance) factorise() (*spd.Factor, error) {
	gram, n := c.gram, c.rank
	if c.dual() {
		n = len(c.keys) / c.rank
		gram = make([]float32, n*n)
		kernel.GramRows(c.threads, n, c.rank, c.keys, c.rank, gram, n)
	}
	trace := float32(0) // the same in both forms
	for i := range n {
		trace += gram[i*n+i]
	}
	return spd.Factorise(c.threads, n, gram, c.lambda+c.floor*trace/float32(c.rank))
}

// rounding tells how B is stored so that what the document's own keys read from it changes least: a change E of B costs tr(E (Q^T Q + lambda I) E^T), which is what the ridge rule made smallest, and its factor is
// at hand. It is nil in the dual form: elements then take the level next to them.
func (c *covariance) rounding() lora.Rounding {
	if c.dual() {
		return nil
	}
	return func(b []float32, level func(row int, v float64) float64) {
		spd.Round(c.factor, len(b)/c.rank, b, level)
	}
}
