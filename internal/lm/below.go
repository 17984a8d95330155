package lm

import (
	"context"

	"github.com/perkdb/perk"
)

// Below runs a batch through the layers below layer and gives the residual that it gets, (B*T, dim), without any adapter: what a training of the layers above needs of
// the others. Targets are not looked at. threads below 1 count as 1. Errors: EInvalid, ECanceled.
func (m *Model) Below(ctx context.Context, b Batch, layer, threads int) ([]float32, error) {
	if err := b.check(m.cfg); err != nil {
		return nil, err
	}
	if layer < 0 || layer > m.cfg.Layers {
		return nil, perk.Errorf(perk.EInvalid, op, "the model has %d layers, layer %d is not among them", m.cfg.Layers, layer)
	}
	p := &Pass{m: m, batch: b, groups: m.cutBatch(b, 1), cut: cut{layer: layer}, x: make([]float32, b.B*b.T*m.cfg.Dim)}
	for range min(max(threads, 1), len(p.groups)) {
		w := &worker{}
		w.fitActs(p, 1) // trunk uses one layer's, over and over
		p.workers = append(p.workers, w)
	}
	if err := p.each(ctx, p.trunk, nil); err != nil {
		return nil, err
	}
	return p.x, nil
}

// Frequencies gives the rotary angle of every pair of a head's elements, (headdim/2) radians a token; nil for an architecture without rotary positions.
func (c Config) Frequencies() []float64 {
	if c.RopeTheta == 0 {
		return nil
	}
	return newRope(c).freq
}
