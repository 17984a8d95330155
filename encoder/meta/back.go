package meta

import (
	"context"
	"slices"

	"github.com/perkdb/perk"
)

// first is the earliest step whose write the outer gradient goes through, or the last step where it goes through none. What does not depend on the
// step, auxiliary loss and key covariance, is learned there.
func (e *episode[T]) first() int { return e.c.Steps - max(1, e.c.Unroll) }

// back takes the adjoint of phi_N back through the inner loop, adds the gradients of the parameters to outer, and gives the auxiliary loss. Before the last
// Unroll steps gradients, moments and conditioning are constants (truncated gradient unrolling); their rates still learn, and phi_0 does through the
// steps' own phi.
func (e *episode[T]) back(ctx context.Context, d *document[T], phi [][]T, outer [][]T) (float64, error) {
	aux := 0.0
	adjoint := e.zeroState()
	adjoint.phi = phi
	rates := make([]T, 0, e.c.Steps*len(e.tensors))
	pull := newPull(e.setup)
	for n := e.c.Steps - 1; n >= 0; n-- {
		if err := e.update.back(n, d.states[n], d.grads[n], adjoint); err != nil {
			return 0, perk.E(perk.EInternal, "meta.Step", err)
		}
		rates = slices.Insert(rates, 0, e.update.dRates.Value()...)
		through := n >= e.c.Steps-e.c.Unroll
		if through {
			pull.add(e.update)
		}
		adjoint = state[T]{copies(e.update.dIn.phi), copies(e.update.dIn.m), copies(e.update.dIn.v)}
		if n >= e.first() && e.group.second != nil {
			for i, g := range e.update.dGrad {
				copy(e.group.adjoint[i], g.Value())
			}
			e.covarianceBack(n, pull, outer)
			part, err := e.writeBack(ctx, d, n, adjoint.phi, outer)
			if err != nil {
				return 0, err
			}
			aux += part
		}
	}
	outer[index(e.params, nameRates)] = rates
	for i, t := range e.tensors {
		if outer[t.param] == nil {
			outer[t.param] = make([]T, len(adjoint.phi[i]))
		}
		addTo(outer[t.param], adjoint.phi[i])
	}
	return aux, nil
}

// writeBack runs the second program of every group for step n, the last group first because its first program has just run, and gives the auxiliary loss.
func (e *episode[T]) writeBack(ctx context.Context, d *document[T], n int, phi, outer [][]T) (float64, error) {
	aux := 0.0
	for k := range slices.Backward(d.groups) {
		if e.c.Unroll == 0 && d.aux[k] == 0 {
			continue
		}
		if err := e.gradient(ctx, d, n, k); err != nil {
			return 0, err
		}
		e.loaded = [2]int{-1, -1}
		if err := e.group.second.Run(); err != nil {
			return 0, perk.E(perk.EInternal, "meta.Step", err)
		}
		gather(outer, e.group.outer)
		gather(phi, e.group.hvp)
		if e.group.auxLoss != nil {
			aux += float64(e.group.auxLoss.Value()[0])
		}
	}
	return aux, nil
}
