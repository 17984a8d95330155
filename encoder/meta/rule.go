package meta

import (
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// The directions U of the rules as graphs. The encoder's rule.go and ridge.go define the same rules for the finished recipe; TestAgreesWithEngine holds
// the two to each other, so a new rule goes into both, into recipe.Rule and into the test's forms.

// normalized is g / sqrt(||g||^2 + eps^2) with the Frobenius norm of the whole tensor.
func normalized[T kernel.Float](g *ad.Node[T], eps float64) *ad.Node[T] {
	return ad.ScaleBy(g, ad.Rsqrt(ad.Sum(ad.Mul(g, g)), 1, eps*eps))
}

// moments are AdamW's after the gradient g.
func moments[T kernel.Float](r recipe.Rule, g, m, v *ad.Node[T]) (*ad.Node[T], *ad.Node[T]) {
	b1, b2 := float64(r.Beta1), float64(r.Beta2)
	return ad.Add(ad.Scale(g, T(1-b1)), ad.Scale(m, T(b1))), ad.Add(ad.Scale(ad.Mul(g, g), T(1-b2)), ad.Scale(v, T(b2)))
}

// adamW is m^ / sqrt(v^ + eps^2) + decay phi with the bias-corrected moments m^ = c1 m and v^ = c2 v; eps is inside the root, which is smooth at 0.
func adamW[T kernel.Float](r recipe.Rule, m, v, phi, c1, c2 *ad.Node[T]) *ad.Node[T] {
	eps := float64(r.Eps)
	d := ad.Mul(ad.ScaleBy(m, c1), ad.Rsqrt(ad.ScaleBy(v, c2), 1, eps*eps))
	if r.WeightDecay != 0 {
		d = ad.Add(d, ad.Scale(phi, T(r.WeightDecay)))
	}
	return d
}
