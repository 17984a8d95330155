package encoder

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/safetensors"
)

// updater makes inner steps on the written tensors by the recipe's rule.
type updater struct {
	rule recipe.Rule
	m, v [][]float32 // AdamW's moments, one for each tensor
	n    int         // steps made
}

func newUpdater(rule recipe.Rule, tensors []safetensors.Tensor) *updater {
	u := &updater{rule: rule}
	if rule.Name == recipe.AdamW {
		for _, t := range tensors {
			u.m = append(u.m, make([]float32, len(t.Data)))
			u.v = append(u.v, make([]float32, len(t.Data)))
		}
	}
	return u
}

// step moves phi against the gradient, each tensor at its own rate. phi, grad and rates are in the order of lora.Adapter.Trained.
func (u *updater) step(phi, grad []safetensors.Tensor, rates []float32) {
	u.n++
	for i, t := range phi {
		switch u.rule.Name {
		case recipe.AdamW:
			u.adamW(t.Data, grad[i].Data, u.m[i], u.v[i], rates[i])
		case recipe.Normalized:
			norm := math.Hypot(math.Sqrt(float64(kernel.SumSq(grad[i].Data))), float64(u.rule.Eps))
			kernel.Axpy(float32(-float64(rates[i])/norm), grad[i].Data, t.Data)
		default:
			kernel.Axpy(-rates[i], grad[i].Data, t.Data)
		}
	}
}

// adamW is AdamW with Eps inside the root, sqrt(v + Eps^2): the same to rounding where the gradient is not tiny, and smooth where it is,
// so that meta-training can differentiate it (encoder/meta has the same formula).
func (u *updater) adamW(p, g, m, v []float32, rate float32) {
	b1, b2 := u.rule.Beta1, u.rule.Beta2
	c1 := float32(1 - math.Pow(float64(b1), float64(u.n)))
	c2 := float32(1 - math.Pow(float64(b2), float64(u.n)))
	eps2, decay := u.rule.Eps*u.rule.Eps, u.rule.WeightDecay
	for i, x := range g {
		m[i] = b1*m[i] + (1-b1)*x
		v[i] = b2*v[i] + (1-b2)*x*x
		p[i] -= rate * (m[i]/c1/float32(math.Sqrt(float64(v[i]/c2+eps2))) + decay*p[i])
	}
}
