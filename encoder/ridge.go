package encoder

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/spd"
)

// covariance is the ridge rule's state: the weighted covariance of the document's keys, gathered in the first step, and its inverse. Keys
// and weights do not change during a write, so one inverse serves all steps.
type covariance struct {
	lambda  float32
	floor   float32
	rank    int
	module  string
	gram    []float32 // (rank, rank)
	inverse []float32 // (rank, rank), nil until the first step's gradient is complete
}

func newCovariance(r *recipe.Recipe) *covariance {
	t := r.Targets[0] // Validate allows the ridge rule one target only
	return &covariance{lambda: r.Rule.Lambda, floor: r.Rule.Floor, rank: t.Rank, module: t.Module, gram: make([]float32, t.Rank*t.Rank)}
}

// whiten replaces the gradient of B by its product with (gram + (lambda + floor mean_i gram_ii) I)^-1.
func (c *covariance) whiten(grad *lora.Adapter) error {
	n := c.rank
	if c.inverse == nil {
		trace := float32(0)
		for i := range n {
			trace += c.gram[i*n+i]
		}
		for i := range n {
			c.gram[i*n+i] += c.lambda + c.floor*trace/float32(n)
		}
		c.inverse = make([]float32, n*n)
		if err := spd.Invert(n, c.gram, c.inverse); err != nil {
			return perk.Errorf(perk.EInternal, "encoder.Run", "key covariance of %s: %w", c.module, err).
				WithHint("the recipe's lambda is too small for this document; use a recipe trained on longer documents")
		}
	}
	b := grad.Pairs[c.module].B
	raw := append([]float32(nil), b...)
	kernel.Gemm(false, false, len(b)/n, n, n, raw, n, c.inverse, n, 0, b, n)
	return nil
}
