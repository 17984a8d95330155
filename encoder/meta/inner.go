package meta

import (
	"math"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// state is what one inner step turns into the next: the adapter and AdamW's moments, by written tensor. Its adjoint has the same form.
type state[T kernel.Float] struct{ phi, m, v [][]T }

func (s *setup[T]) zeroState() state[T] {
	st := state[T]{phi: s.zeros()}
	if s.c.Rule.Name == recipe.AdamW {
		st.m, st.v = s.zeros(), s.zeros()
	}
	return st
}

// stateNodes is a state in a graph.
type stateNodes[T kernel.Float] struct{ phi, m, v []*ad.Node[T] }

func (n stateNodes[T]) all() []*ad.Node[T] {
	return append(append(append([]*ad.Node[T]{}, n.phi...), n.m...), n.v...)
}

func (n stateNodes[T]) clone() state[T] { return state[T]{copies(n.phi), copies(n.m), copies(n.v)} }

func (s *setup[T]) stateLeaves(g *ad.Graph[T], name string, st state[T]) stateNodes[T] {
	n := stateNodes[T]{phi: s.leaves(g, name+".phi", st.phi)}
	if st.m != nil {
		n.m, n.v = s.leaves(g, name+".m", st.m), s.leaves(g, name+".v", st.v)
	}
	return n
}

// update is one inner step phi_{n+1} = phi_n - a_n U(grad L(phi_n)) as a program over the adapter alone; the second program, which goes on from it, takes
// the adjoint of the new state to those of everything that the step reads.
type update[T kernel.Float] struct {
	*setup[T]
	in      state[T]
	grad    [][]T // sum over the document, by written tensor
	rates   []T   // (tensors) logarithms of this step's rates
	cov     []T   // (rank*rank) the ridge rule's key covariance; nil without that rule
	damping []T   // (1) what is added to its diagonal
	bias    []T   // (2) AdamW's corrections 1/(1-beta^(n+1)) of this step
	adjoint state[T]

	forward   *ad.Program[T]
	out       stateNodes[T]
	direction *ad.Node[T] // (rows, rank) U of the ridge rule's one tensor; nil without that rule
	backward  *ad.Program[T]
	dIn       stateNodes[T]
	dGrad     []*ad.Node[T]
	dRates    *ad.Node[T] // (1, tensors)
	dDamping  *ad.Node[T] // (1, 1); nil without the ridge rule
	present   int         // step whose forward run backward may go on from; -1: none
}

func newUpdate[T kernel.Float](s *setup[T]) (*update[T], error) {
	n := len(s.tensors)
	u := &update[T]{setup: s, in: s.zeroState(), adjoint: s.zeroState(), grad: s.zeros(), rates: make([]T, n), bias: make([]T, 2), present: -1}
	g := newGraph(s.c, s.pool)
	in, grad, rates := s.stateLeaves(g, "in", u.in), s.leaves(g, "grad", u.grad), g.Leaf("rates", 1, n, u.rates)
	wrt := append(append(in.all(), grad...), rates)
	b1, b2 := g.Leaf("bias1", 1, 1, u.bias[:1]), g.Leaf("bias2", 1, 1, u.bias[1:])
	var cov, damping *ad.Node[T]
	if s.c.Rule.Name == recipe.Ridge {
		r := s.tensors[0].cols
		u.cov, u.damping = make([]T, r*r), make([]T, 1)
		cov, damping = g.Leaf("cov", r, r, u.cov), g.Leaf("damping", 1, 1, u.damping)
		wrt = append(wrt, damping)
	}
	rate := ad.Exp(rates)
	for i, phi := range in.phi {
		var d *ad.Node[T]
		switch r := s.c.Rule; r.Name {
		case recipe.SGD:
			d = grad[i]
		case recipe.Normalized:
			d = normalized(grad[i], float64(r.Eps))
		case recipe.Ridge:
			d = ad.SolveSPD(grad[i], cov, damping)
			u.direction = d
		case recipe.AdamW:
			m, v := moments(r, grad[i], in.m[i], in.v[i])
			u.out.m, u.out.v = append(u.out.m, m), append(u.out.v, v)
			d = adamW(r, m, v, phi, b1, b2)
		}
		u.out.phi = append(u.out.phi, ad.Sub(phi, ad.ScaleBy(d, ad.Column(rate, i))))
	}
	all := ad.Grad(inner(u.out.all(), s.stateLeaves(g, "adjoint", u.adjoint).all()), wrt...)
	take := func(n int) []*ad.Node[T] {
		head := all[:n]
		all = all[n:]
		return head
	}
	outputs := live(all...)
	u.dIn = stateNodes[T]{phi: take(n), m: take(len(in.m)), v: take(len(in.v))}
	u.dGrad, u.dRates = take(n), take(1)[0]
	if damping != nil {
		u.dDamping = all[0]
	}
	var err error
	if u.forward, err = g.Compile(live(append(u.out.all(), u.direction)...)...); err != nil {
		return nil, err
	}
	u.backward, err = g.Compile(outputs...)
	return u, err
}

// inner is the scalar product of two lists of nodes.
func inner[T kernel.Float](x, y []*ad.Node[T]) *ad.Node[T] {
	sum := ad.Sum(ad.Mul(x[0], y[0]))
	for i := 1; i < len(x); i++ {
		sum = ad.Add(sum, ad.Sum(ad.Mul(x[i], y[i])))
	}
	return sum
}

// step makes step n.
func (u *update[T]) step(n int, in state[T], grad [][]T) (state[T], error) {
	fill(u.in.phi, in.phi)
	fill(u.in.m, in.m)
	fill(u.in.v, in.v)
	fill(u.grad, grad)
	copy(u.rates, u.values[index(u.params, nameRates)][n*len(u.rates):])
	for i, b := range []float32{u.c.Rule.Beta1, u.c.Rule.Beta2} {
		u.bias[i] = T(1 / (1 - math.Pow(float64(b), float64(n+1))))
	}
	if err := u.forward.Run(); err != nil {
		return state[T]{}, err
	}
	u.present = n
	return u.out.clone(), nil
}

// back takes the adjoint of step n's result to those of its inputs, in the nodes dIn, dGrad, dRates and dDamping.
func (u *update[T]) back(n int, in state[T], grad [][]T, adjoint state[T]) error {
	if u.present != n {
		if _, err := u.step(n, in, grad); err != nil {
			return err
		}
	}
	u.present = -1
	fill(u.adjoint.phi, adjoint.phi)
	fill(u.adjoint.m, adjoint.m)
	fill(u.adjoint.v, adjoint.v)
	return u.backward.Run()
}
