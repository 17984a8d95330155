package meta

import (
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// trained is one tensor that the inner loop writes, with the state of its rule.
type trained[T kernel.Float] struct {
	module string
	isA    bool
	m, v   *ad.Node[T] // AdamW moments
}

// trainedTensors lists what the inner loop writes in the order of lora.Adapter.Trained: by module, A before B.
func trainedTensors[T kernel.Float](c *Config) []*trained[T] {
	var out []*trained[T]
	for _, t := range c.Targets {
		if t.TrainA {
			out = append(out, &trained[T]{module: t.Module, isA: true})
		}
		if t.TrainB {
			out = append(out, &trained[T]{module: t.Module})
		}
	}
	return out
}

func (t *trained[T]) of(phi map[string]pair[T]) *ad.Node[T] {
	if t.isA {
		return phi[t.module].a
	}
	return phi[t.module].b
}

func (t *trained[T]) put(phi map[string]pair[T], n *ad.Node[T]) {
	p := phi[t.module]
	if t.isA {
		p.a = n
	} else {
		p.b = n
	}
	phi[t.module] = p
}

// innerLoop unrolls phi_{n+1} = phi_n - a_n U(grad L_ctx(phi_n)) in the graph and gives phi_N. loss builds L_ctx from an adapter, rates is the
// (steps, tensors) leaf of log rates; condition gives the ridge rule's inverse key covariance of a module. Steps before the last Unroll are constants
// for the outer gradient (truncated gradient unrolling); their rates still learn.
func innerLoop[T kernel.Float](c *Config, phi map[string]pair[T], rates *ad.Node[T],
	loss func(map[string]pair[T]) *ad.Node[T], condition func(module string) *ad.Node[T]) map[string]pair[T] {
	tensors := trainedTensors[T](c)
	rate := ad.Exp(rates)
	flat := make([]*ad.Node[T], 0, c.Steps*len(tensors))
	for i := range c.Steps {
		row := ad.Rows(rate, i, i+1)
		for j := range tensors {
			flat = append(flat, ad.Column(row, j))
		}
	}
	for n := range c.Steps {
		wrt := make([]*ad.Node[T], len(tensors))
		for i, t := range tensors {
			wrt[i] = t.of(phi)
		}
		grads := ad.Grad(loss(phi), wrt...)
		next := make(map[string]pair[T], len(phi))
		for k, p := range phi {
			next[k] = p
		}
		for i, t := range tensors {
			a := flat[n*len(tensors)+i]
			u := t.direction(c.Rule, grads[i], n, condition)
			if n < c.Steps-c.Unroll {
				u = ad.Detach(u)
			}
			old := wrt[i]
			if c.Rule.WeightDecay != 0 {
				u = ad.Add(u, ad.Scale(old, T(c.Rule.WeightDecay)))
			}
			t.put(next, ad.Sub(old, ad.ScaleBy(u, a)))
		}
		phi = next
	}
	return phi
}

// direction is U of the rule: the gradient itself, the gradient times the inverse key covariance (ridge), or Adam's bias-corrected m / (sqrt(v) + eps)
// with eps inside the root, which is smooth at 0. The encoder's rule.go defines the same rules for the finished recipe; TestAgreesWithEngine holds the
// two to each other, so a new rule goes into both, into recipe.Rule and into the test's forms.
func (t *trained[T]) direction(r recipe.Rule, g *ad.Node[T], step int, condition func(string) *ad.Node[T]) *ad.Node[T] {
	switch r.Name {
	case recipe.SGD:
		return g
	case recipe.Ridge:
		return ad.MatMul(g, condition(t.module), false, false)
	}
	b1, b2 := float64(r.Beta1), float64(r.Beta2)
	m, v := ad.Scale(g, T(1-b1)), ad.Scale(ad.Mul(g, g), T(1-b2))
	if t.m != nil {
		m, v = ad.Add(m, ad.Scale(t.m, T(b1))), ad.Add(v, ad.Scale(t.v, T(b2)))
	}
	t.m, t.v = m, v
	c1, c2 := 1.0, 1.0
	for range step + 1 {
		c1, c2 = c1*b1, c2*b2
	}
	eps := float64(r.Eps)
	return ad.Mul(ad.Scale(m, T(1/(1-c1))), ad.Rsqrt(v, 1/(1-c2), eps*eps))
}
