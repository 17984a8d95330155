package recipe

import (
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
)

// Largest values that Validate lets pass; they bound what a damaged or hostile recipe can make an encode cost.
const (
	MaxSteps       = 1000
	MaxChunkTokens = 1 << 20
)

// Validate reports an EInvalid error that names the first field that is wrong or does not fit the others.
func (r *Recipe) Validate() error {
	bad := func(format string, args ...any) *perk.Error {
		return perk.Errorf(perk.EInvalid, "recipe.Validate", format, args...)
	}
	switch {
	case r.Version != Version:
		return bad("recipe version is %d, this perk reads version %d", r.Version, Version).
			WithHint("use the perk release that wrote the recipe, or train it again")
	case r.Model.IsZero():
		return bad("the recipe names no base model")
	case len(r.Targets) == 0:
		return bad("the recipe has no targets")
	case !finite(r.Scale):
		return bad("scale is %v", r.Scale)
	case r.Steps < 0 || r.Steps > MaxSteps:
		return bad("steps is %d, want 0 to %d", r.Steps, MaxSteps)
	case !finite(r.LossDivisor) || r.LossDivisor <= 0:
		return bad("loss_divisor is %v, want a positive number", r.LossDivisor)
	case r.ChunkTokens < 1 || r.ChunkTokens > MaxChunkTokens:
		return bad("chunk_tokens is %d, want 1 to %d", r.ChunkTokens, MaxChunkTokens)
	case r.Overlap < 0 || r.Overlap > r.ChunkTokens:
		return bad("overlap is %d sentences, want 0 to chunk_tokens (%d)", r.Overlap, r.ChunkTokens)
	case !lora.ValidBits(r.Bits):
		return bad("bits is %d, want 32 or 1 to 8", r.Bits)
	}
	if err := r.Rule.validate(); err != nil {
		return err
	}
	if t := r.Targets[0]; r.Rule.Name == Ridge && (len(r.Targets) != 1 || t.TrainA) {
		return bad("rule ridge writes B of one target whose A is fixed, got %+v", r.Targets)
	}
	if err := r.validateInit(); err != nil {
		return err
	}
	if len(r.Rates) != r.Steps {
		return bad("rates has %d rows for %d steps", len(r.Rates), r.Steps)
	}
	tensors := len(r.Init.Trained())
	for n, row := range r.Rates {
		if len(row) != tensors {
			return bad("rates of step %d has %d values for %d trained tensors", n, len(row), tensors)
		}
		if !finite(row...) {
			return bad("rates of step %d holds a value that is not finite", n)
		}
	}
	if r.Calibration != nil {
		if err := r.Calibration.Validate(); err != nil {
			return err
		}
	}
	return r.Weighting.validate()
}

func (u Rule) validate() error {
	switch u.Name {
	case SGD:
		if u != (Rule{Name: SGD}) {
			return perk.Errorf(perk.EInvalid, "recipe.Validate", "rule sgd has no betas, eps or weight decay, got %+v", u)
		}
	case AdamW:
		unit := func(b float32) bool { return b >= 0 && b < 1 } // false for NaN
		if !unit(u.Beta1) || !unit(u.Beta2) || !finite(u.Eps, u.WeightDecay) || u.Eps <= 0 || u.WeightDecay < 0 {
			return perk.Errorf(perk.EInvalid, "recipe.Validate", "rule adamw wants betas in [0,1), eps > 0 and weight decay >= 0, got %+v", u)
		}
	case Normalized:
		if u != (Rule{Name: Normalized, Eps: u.Eps}) || !finite(u.Eps) || u.Eps <= 0 {
			return perk.Errorf(perk.EInvalid, "recipe.Validate", "rule normalized wants eps > 0 and nothing else, got %+v", u)
		}
	case Ridge:
		if u != (Rule{Name: Ridge, Lambda: u.Lambda, Floor: u.Floor}) || !finite(u.Lambda) || u.Lambda <= 0 || !(u.Floor >= 0 && u.Floor < 1) {
			return perk.Errorf(perk.EInvalid, "recipe.Validate", "rule ridge wants lambda > 0 and nothing else, got %+v", u)
		}
	default:
		return perk.Errorf(perk.EInvalid, "recipe.Validate", "rule is %q, want %q, %q, %q or %q", u.Name, SGD, AdamW, Normalized, Ridge)
	}
	return nil
}

// validateInit holds the initial adapter to the targets.
func (r *Recipe) validateInit() error {
	bad := func(format string, args ...any) *perk.Error {
		return perk.Errorf(perk.EInvalid, "recipe.Validate", format, args...)
	}
	if r.Init == nil {
		return bad("the recipe has no initial adapter")
	}
	if err := r.Init.Validate(false); err != nil {
		return err
	}
	if r.Init.Scale != r.Scale || len(r.Init.Pairs) != len(r.Targets) {
		return bad("the initial adapter has scale %v and %d pairs, the recipe %v and %d targets", r.Init.Scale, len(r.Init.Pairs), r.Scale, len(r.Targets))
	}
	for i, t := range r.Targets {
		p := r.Init.Pairs[t.Module]
		switch {
		case t.Module == "" || i > 0 && t.Module <= r.Targets[i-1].Module:
			return bad("target %q is out of order; targets are named once, in rising order", t.Module)
		case !t.TrainA && !t.TrainB:
			return bad("target %q is never written: neither A nor B is trained", t.Module)
		case p == nil:
			return bad("target %q has no initial pair", t.Module)
		case p.Rank != t.Rank || p.Full != t.Full || p.NormA != t.NormA || p.TrainA != t.TrainA || p.TrainB != t.TrainB:
			return bad("target %q and its initial pair differ in rank or flags", t.Module)
		case !finite(p.A...) || !finite(p.B...):
			return bad("the initial pair of %q holds a value that is not finite", t.Module)
		}
	}
	return nil
}

func (w *Weighting) validate() error {
	if w == nil {
		return nil
	}
	if w.Dim < 1 || w.Hidden < 1 || len(w.W1) != w.Hidden*2*w.Dim || len(w.B1) != w.Hidden || len(w.W2) != w.Hidden || len(w.B2) != 1 {
		return perk.Errorf(perk.EInvalid, "recipe.Validate", "weighting head of dim %d and hidden %d has tensors of %d, %d, %d, %d elements",
			w.Dim, w.Hidden, len(w.W1), len(w.B1), len(w.W2), len(w.B2))
	}
	if !finite(w.W1...) || !finite(w.B1...) || !finite(w.W2...) || !finite(w.B2...) {
		return perk.Errorf(perk.EInvalid, "recipe.Validate", "the weighting head holds a value that is not finite")
	}
	return nil
}

func finite(x ...float32) bool {
	for _, v := range x {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}
