package meta

import (
	"math"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// covariance gives the upper triangle of a group's part of sum_t w_t k_t k_t^T / LossDivisor with the keys k_t = Scale f(A x_t) (rows, rank) at the positions that predict.
func covariance[T kernel.Float](c *Config, keys, weights *ad.Node[T]) *ad.Node[T] {
	return ad.Gram(keys, ad.RowScale(keys, ad.Scale(weights, covarianceScale[T](c))))
}

func covarianceScale[T kernel.Float](c *Config) T { return T(c.Scale * c.Scale / c.LossDivisor) }

// damp sets what is added to the diagonal of the document's key covariance: lambda + floor mean_i cov_ii.
func (e *episode[T]) damp() {
	if e.group.cov == nil {
		return
	}
	n := e.tensors[0].cols
	e.update.damping[0] = e.lambda()
	for i := range n {
		e.update.damping[0] += e.floor() * e.update.cov[i*n+i]
	}
}

// lambda is the ridge rule's learned one.
func (s *setup[T]) lambda() T { return T(math.Exp(float64(s.values[index(s.params, nameRidge)][0]))) }

// floor is what an element of the covariance's diagonal adds to all of them.
func (s *setup[T]) floor() T { return T(s.c.Rule.Floor) / T(s.tensors[0].cols) }

// pull is the adjoint of a document's key covariance, -sum_n U_n^T G_n + diagonal I: an inner step's direction U = grad (cov + damping I)^-1 pulls at the covariance by
// the product of itself with the adjoint G of the step's gradient. So its rank is at most the rows of the adapter times the unrolled steps, and it is never made as a matrix.
type pull[T kernel.Float] struct {
	c          *Config
	rows, cols int
	directions []T // (steps*rows, cols) U_n
	grads      []T // (steps*rows, cols) G_n
	diagonal   []T // (1)
	steps      int // that were added
}

// newPull gives nil where nothing pulls: without the ridge rule, or in first order.
func newPull[T kernel.Float](s *setup[T]) *pull[T] {
	if s.c.Rule.Name != recipe.Ridge || s.c.Unroll == 0 {
		return nil
	}
	t := s.tensors[0]
	n := s.c.Unroll * t.rows * t.cols
	return &pull[T]{c: s.c, rows: s.c.Unroll * t.rows, cols: t.cols, directions: make([]T, n), grads: make([]T, n), diagonal: make([]T, 1)}
}

// add takes what the backward program of a step has just computed; diagonal gathers the adjoint of the damping.
func (p *pull[T]) add(u *update[T]) {
	if p == nil {
		return
	}
	at := p.steps * len(u.direction.Value())
	copy(p.directions[at:], u.direction.Value())
	copy(p.grads[at:], u.dGrad[0].Value())
	p.diagonal[0] += u.dDamping.Value()[0]
	p.steps++
}

// covarianceBack gives the groups the adjoint of the key covariance, which is complete in the first step.
func (e *episode[T]) covarianceBack(n int, p *pull[T], outer [][]T) {
	if p == nil {
		return
	}
	to := e.group.pull
	if n > e.first() {
		clear(to.directions)
		clear(to.grads)
		clear(to.diagonal)
		return
	}
	copy(to.directions, p.directions)
	copy(to.grads, p.grads)
	to.diagonal[0] = e.floor() * p.diagonal[0]
	outer[index(e.params, nameRidge)] = []T{e.lambda() * p.diagonal[0]}
}

// on is the (1, 1) scalar product of p and a group's covariance: with c = Scale^2/LossDivisor, c sum_t w_t (diagonal |k_t|^2 - sum_n U_n k_t . G_n k_t).
func (p *pull[T]) on(keys, weights *ad.Node[T]) *ad.Node[T] {
	g := keys.Graph()
	seen := ad.MatMul(keys, g.Leaf("directions", p.rows, p.cols, p.directions), false, true)
	pulled := ad.MatMul(keys, g.Leaf("pulls", p.rows, p.cols, p.grads), false, true)
	scale := covarianceScale[T](p.c)
	sum := ad.Scale(ad.Sum(ad.RowScale(ad.Mul(seen, pulled), weights)), -scale)
	if p.c.Rule.Floor == 0 {
		return sum
	}
	norms := ad.Scale(ad.Sum(ad.RowScale(ad.Mul(keys, keys), weights)), scale)
	return ad.Add(sum, ad.ScaleBy(norms, g.Leaf("diagonal", 1, 1, p.diagonal)))
}
