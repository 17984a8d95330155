package meta

import (
	"slices"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// group is the write of a fixed number of sequences. Its first program gives their part of the inner gradient; the second, which goes on from it, gives the
// gradient of the scalar
//
//	S = <adjoint, grad L(phi)> + <pull, cov> + auxiliary loss
//
// in every parameter and in phi: the adjoints come from what follows in the inner loop, so this is a Hessian-vector product, and no other group needs to be in memory
// for it.
type group[T kernel.Float] struct {
	in       *batch[T]
	aux      []int32  // (rows) targets of the auxiliary loss; -1: none
	auxShare []T      // (1) weight of one such target
	phi      [][]T    // the present adapter
	adjoint  [][]T    // of the inner gradient, which is the sum over all groups
	pull     *pull[T] // adjoint of the key covariance; nil without the ridge rule

	first   *ad.Program[T]
	weights *ad.Node[T]   // (rows, 1) token weights
	grads   []*ad.Node[T] // of L, by written tensor
	cov     *ad.Node[T]   // (rank, rank) key covariance; nil without the ridge rule

	second  *ad.Program[T] // nil where the outer gradient does not depend on the writes
	auxLoss *ad.Node[T]    // (1, 1); nil: none
	outer   []*ad.Node[T]  // dS by parameter
	hvp     []*ad.Node[T]  // dS by written tensor
}

func newGroup[T kernel.Float](s *setup[T], sequences int) (*group[T], error) {
	c := s.c
	w := &group[T]{in: newBatch(s, sequences, c.seq()), auxShare: make([]T, 1), phi: s.zeros(), adjoint: s.zeros()}
	w.aux = make([]int32, len(w.in.at))
	g := newGraph(s.c, s.pool)
	net, params := s.network(g)
	phi := s.leaves(g, "phi", w.phi)
	doc := net.stream(w.in.tokens, w.in.below, c.seq())
	predict := func(x *ad.Node[T], targets []int32) *ad.Node[T] { return net.nll(ad.Gather(x, w.in.at), targets) }
	base := doc.hidden(nil)
	w.weights = weigh(net, net.norm(base, "norm"), w.in.at, w.in.next, g.Leaf("mask", len(w.in.mask), 1, w.in.mask))
	nll := predict(doc.hidden(s.adapter(net, phi)), w.in.targets)
	w.grads = ad.Grad(ad.Scale(ad.Sum(ad.Mul(nll, w.weights)), T(1/c.LossDivisor)), phi...)
	var terms []*ad.Node[T]
	if c.Unroll > 0 {
		for i, a := range s.leaves(g, "adjoint", w.adjoint) {
			terms = append(terms, ad.Sum(ad.Mul(a, w.grads[i])))
		}
	}
	if c.Rule.Name == recipe.Ridge {
		keys := ad.Gather(doc.memo[c.Targets[0].Module+".lora"], w.in.at)
		w.cov = covariance(c, keys, w.weights)
		if w.pull = newPull(s); w.pull != nil {
			terms = append(terms, w.pull.on(keys, w.weights))
		}
	}
	if c.Aux > 0 {
		w.auxLoss = ad.ScaleBy(ad.Sum(predict(base, w.aux)), g.Leaf("auxShare", 1, 1, w.auxShare))
		terms = append(terms, w.auxLoss)
	}
	var err error
	if w.first, err = g.Compile(live(append(slices.Clone(w.grads), w.weights, w.cov)...)...); err != nil || len(terms) == 0 {
		return w, err
	}
	sum := terms[0]
	for _, t := range terms[1:] {
		sum = ad.Add(sum, t)
	}
	all := ad.Grad(sum, slices.Concat(params, phi)...)
	w.outer, w.hvp = all[:len(params)], all[len(params):]
	w.second, err = g.Compile(live(append(slices.Clone(all), w.auxLoss)...)...)
	return w, err
}

// load writes sequences into the inputs, and what lies below them where the base model is frozen. A loss of share counts on each of the first aux tokens, the auxiliary one.
func (w *group[T]) load(sequences [][]int32, below []T, aux int, share T) {
	w.in.load(sequences)
	clear(w.in.below[copy(w.in.below, below):])
	w.auxShare[0] = share
	for i := range w.aux {
		w.aux[i] = -1
		if i < aux {
			w.aux[i] = w.in.targets[i]
		}
	}
}

// weigh gives the (rows, 1) token weights: recipe.Weighting's head on the base model's final hidden states, times the mask.
func weigh[T kernel.Float](net *network[T], h *ad.Node[T], at, next []int32, mask *ad.Node[T]) *ad.Node[T] {
	if net.c.WeightHidden == 0 {
		return ad.Scale(mask, 1)
	}
	w := net.weights
	both := ad.Concat(ad.Gather(h, at), ad.Gather(h, next))
	u := ad.Gelu(ad.AddRow(ad.MatMul(both, w[nameW1], false, true), w[nameB1]))
	v := ad.AddRow(ad.MatMul(u, w[nameW2], false, true), w[nameB2])
	return ad.Mul(ad.Softplus(v, recipe.Beta), mask)
}
