package interchange

import (
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// Fit gives an adapter from elsewhere the form of a recipe's initial adapter, so that its difference from that can be stored: the same modules and ranks, the recipe's scale (the
// rest of the factor goes into B), and the flags of what the recipe writes. Tensors that it does not write must be the recipe's own. a is not changed. Errors: EInvalid.
func Fit(a, init *lora.Adapter) (*lora.Adapter, error) {
	const hint = "export an adapter of this recipe, let the other program train that, and import it again"
	out := a.Clone()
	out.Scale = init.Scale
	ratio := float64(a.Scale) / float64(init.Scale)
	for _, name := range init.Names() {
		p, want := out.Pairs[name], init.Pairs[name]
		if p == nil || p.Rank != want.Rank || p.In != want.In || p.Out != want.Out || want.NormA {
			return nil, perk.Errorf(perk.EInvalid, op, "the recipe adapts %s with rank %d (norm_a %t), the adapter does not", name, want.Rank, want.NormA).WithHint(hint)
		}
		p.TrainA, p.TrainB = want.TrainA, want.TrainB
		if math.Abs(ratio-1) > 1e-6 { // not the same number, rounded
			kernel.Scale(p.B, float32(ratio), p.B)
		}
		if !p.TrainA && !slices.Equal(p.A, want.Down()) || !p.TrainB && !slices.Equal(p.B, want.B) {
			return nil, perk.Errorf(perk.EInvalid, op, "%s: a tensor that the recipe does not write is not the recipe's own", name).WithHint(hint)
		}
		if p.Full = want.Full; p.Full {
			p.A = nil
		}
	}
	if len(out.Pairs) != len(init.Pairs) {
		return nil, perk.Errorf(perk.EInvalid, op, "the adapter adapts %d modules, the recipe %d", len(out.Pairs), len(init.Pairs)).WithHint(hint)
	}
	return out, nil
}
