package recipe

import (
	"math"
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// Start makes an adapter that changes nothing yet: A is normal with variance 1/In, where it is not the identity, B is zero. Targets are drawn in their order, so the same
// source gives the same adapter. Errors: EInvalid for a target that is not among the linears, or whose rank is not positive.
func Start(linears []lm.Linear, targets []Target, scale float32, rng *rand.Rand) (*lora.Adapter, error) {
	widths := make(map[string]lm.Linear, len(linears))
	for _, l := range linears {
		widths[l.Name] = l
	}
	ad := &lora.Adapter{Scale: scale, Pairs: make(map[string]*lora.Pair, len(targets))}
	for _, t := range targets {
		l, ok := widths[t.Module]
		if !ok || t.Rank < 1 {
			return nil, perk.Errorf(perk.EInvalid, "recipe.Start", "target %q of rank %d: the base model has no such module, or the rank is not positive", t.Module, t.Rank)
		}
		if t.Full && (t.Rank != l.In || t.TrainA) {
			return nil, perk.Errorf(perk.EInvalid, "recipe.Start", "target %q updates the whole matrix: its rank must be its input width %d and only B can train, got rank %d", t.Module, l.In, t.Rank)
		}
		p := lora.NewPair(l.In, l.Out, t.Rank)
		p.Full, p.NormA, p.TrainA, p.TrainB = t.Full, t.NormA, t.TrainA, t.TrainB
		if p.Full {
			p.A = nil
		}
		std := 1 / math.Sqrt(float64(l.In))
		for i := range p.A {
			p.A[i] = float32(rng.NormFloat64() * std)
		}
		ad.Pairs[t.Module] = p
	}
	return ad, nil
}
