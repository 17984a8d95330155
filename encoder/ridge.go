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
	lambda float32
	floor  float32
	rank   int
	module string
	gram   []float32   // (rank, rank), the upper triangle; nil in the dual form
	keys   []float32   // (keys, rank) weighted, whose products are the covariance; nil where gram is not
	factor *spd.Factor // nil until the first step's gradient is complete
}

// newCovariance chooses the form. A short document has fewer keys than the rank: its dual form factorises a matrix of that size in place of one of the rank's. The
// choice depends on the document alone.
func newCovariance(r *recipe.Recipe, groups []*group) *covariance {
	t := r.Targets[0] // Validate allows the ridge rule one target only
	c := &covariance{lambda: r.Rule.Lambda, floor: r.Rule.Floor, rank: t.Rank, module: t.Module}
	keys := 0
	for _, g := range groups {
		for _, target := range g.batch.Targets {
			if target >= 0 {
				keys++
			}
		}
	}
	if dualBelow(keys, t.Rank) {
		c.keys = make([]float32, 0, keys*t.Rank)
	} else {
		c.gram = make([]float32, t.Rank*t.Rank)
	}
	return c
}

// dualBelow tells whether so many keys are few enough for the dual form, by measurement (BenchmarkRidge).
func dualBelow(keys, rank int) bool { return 2*keys <= rank }

// see adds a group's keys and gives the floating-point operations that this cost: a multiply-add is two, and half of the covariance is computed.
func (c *covariance) see(ctx context.Context, pass *lm.Pass, g *group) (flops float64, err error) {
	if c.gram == nil {
		c.keys, err = pass.WeightedKeys(g.weights, c.keys)
		return 0, err
	}
	return float64(len(c.gram)) * float64(len(g.batch.Tokens)), pass.Covariance(ctx, g.weights, c.gram)
}

// whiten replaces the gradient of B by its product with (gram + (lambda + floor mean_i gram_ii) I)^-1.
func (c *covariance) whiten(grad *lora.Adapter) error {
	if c.factor == nil {
		var err error
		if c.factor, err = c.factorise(); err != nil {
			return perk.Errorf(perk.EInternal, "encoder.Run", "key covariance of %s: %w", c.module, err).
				WithHint("the recipe's lambda is too small for this document; use a recipe trained on longer documents")
		}
	}
	b := grad.Pairs[c.module].B
	spd.Solve(c.factor, len(b)/c.rank, b)
	return nil
}

func (c *covariance) factorise() (*spd.Factor, error) {
	n := c.rank
	if c.gram == nil {
		return spd.FactoriseDual(len(c.keys)/n, n, c.keys, c.lambda+c.floor*kernel.SumSq(c.keys)/float32(n))
	}
	trace := float32(0)
	for i := range n {
		trace += c.gram[i*n+i]
	}
	return spd.Factorise(n, c.gram, c.lambda+c.floor*trace/float32(n))
}
