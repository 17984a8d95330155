package lm

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// forward runs a group from the cut to the top and returns its residual (rows, dim).
func (p *Pass) forward(w *worker, g group) []float32 {
	m, T := p.m, p.batch.T
	rows := g.seqs * T
	x := w.x[:rows*m.cfg.Dim]
	copy(x, p.rows(p.x, g, m.cfg.Dim))
	for i := p.cut.layer; i < m.cfg.Layers; i++ {
		l, ps, s := &m.layers[i], &p.pairs[i], w.acts[i-p.cut.layer]
		if i == p.cut.layer && p.cut.stage == insideDown {
			if pr := ps[modDown]; pr != nil {
				addLowRank(rows, pr, p.rows(p.keys, g, pr.Rank), x)
			}
			continue
		}
		if i > p.cut.layer || p.cut.stage == beforeAttention {
			m.attention(l, ps, p.scale, s, x, rows, T)
		}
		m.mlp(l, ps, p.scale, s, x, rows)
	}
	return x
}

// Gradient computes loss = Σ_i weights[i] · (-log p(Targets[i])) over the positions that have a target, and adds its
// gradient with respect to the tensors that train to grad, a holder made by Zeros. weights is (B·T), nil for ones. ad must
// have the announced shape, and the announced values in tensors that do not train. On an error grad may hold a part of the
// sum. Errors: EInvalid, ECanceled.
func (p *Pass) Gradient(ctx context.Context, ad *lora.Adapter, weights []float32, grad *lora.Adapter) (float64, error) {
	if len(p.slots) == 0 || ad == nil || grad == nil {
		return 0, perk.Errorf(perk.EInvalid, op, "a gradient needs an adapter, a holder, and a pass made for an adapter")
	}
	if weights != nil && len(weights) != len(p.batch.Tokens) {
		return 0, perk.Errorf(perk.EInvalid, op, "%d weights for %d positions", len(weights), len(p.batch.Tokens))
	}
	if err := p.use(ad); err != nil {
		return 0, err
	}
	total := make([]pairs, p.m.cfg.Layers)
	if err := place(total, p.slots, grad, true); err != nil {
		return 0, err
	}
	for _, w := range p.workers {
		if err := w.fitGrad(p); err != nil {
			return 0, err
		}
	}
	loss := 0.0
	err := p.each(ctx, func(w *worker, g group) {
		w.loss = p.headGrad(w, g, p.forward(w, g), weights)
		p.backward(w, g, w.pairs)
	}, func(w *worker, _ group) {
		loss += w.loss
		for i := range p.slots {
			s := &p.slots[i]
			from, to := w.pairs[s.layer][s.mod], total[s.layer][s.mod]
			if s.pair.TrainA {
				kernel.Add(to.A, to.A, from.A)
			}
			if s.pair.TrainB {
				kernel.Add(to.B, to.B, from.B)
			}
		}
	})
	return loss, err
}

// headGrad returns a group's loss and writes the gradient of its residual x to w.dx. Only positions that have a loss see the
// head, by blocks.
func (p *Pass) headGrad(w *worker, g group, x, weights []float32) float64 {
	c, T := p.m.cfg, p.batch.T
	rows, base := g.seqs*T, g.first*T
	clear(w.dx[:rows*c.Dim])
	w.active = w.active[:0]
	for r := range rows {
		if p.batch.Targets[base+r] >= 0 && (weights == nil || weights[base+r] != 0) {
			w.active = append(w.active, r)
		}
	}
	loss := 0.0
	for a := 0; a < len(w.active); a += headRows {
		block := w.active[a:min(a+headRows, len(w.active))]
		loss += p.headBlock(w, block, base, x, weights)
	}
	return loss
}

// headBlock is headGrad for at most headRows positions.
func (p *Pass) headBlock(w *worker, block []int, base int, x, weights []float32) float64 {
	c := p.m.cfg
	d, n := c.Dim, len(block)
	scale := c.logitScale()
	h, logits := w.h[:n*d], w.logits[:n*c.Vocab]
	for i, r := range block {
		copy(h[i*d:(i+1)*d], x[r*d:(r+1)*d])
	}
	p.m.finalNorm(h, w.inv[:n], h, scale)
	p.m.head.logits(n, h, logits)
	loss := 0.0
	for i, r := range block {
		var nll float64
		nll, w.sums[i] = crossEntropy(logits[i*c.Vocab:(i+1)*c.Vocab], p.batch.Targets[base+r])
		if weights != nil {
			nll *= float64(weights[base+r])
		}
		loss += nll
	}
	p.m.head.hiddenGrad(n, logits, h)
	if p.m.normF.gain != nil {
		gainRows(h, h, p.m.normF.gain)
	}
	for i, r := range block {
		f := scale / w.sums[i]
		if weights != nil {
			f *= weights[base+r]
		}
		dn, row := h[i*d:(i+1)*d], x[r*d:(r+1)*d]
		if p.m.arch.centred() {
			centre(dn, dn, d)
			centre(row, row, d) // nothing reads the residual after this
		}
		residualGrad(w.dx[r*d:(r+1)*d], dn, row, w.inv[i], f)
	}
	return loss
}

// residualGrad computes dx = f · inv (dn - n mean(dn ⊙ n)) for n = x · inv, one row.
func residualGrad(dx, dn, x []float32, inv, f float32) {
	kernel.Scale(dx, f*inv, dn)
	kernel.Axpy(-f*inv*inv*inv*kernel.Dot(dn, x)/float32(len(x)), x, dx)
}

// backward walks a group from w.dx down to the lowest adapted module and leaves the gradients in grads, one a layer. Where the lowest module's is nil, w.dx keeps
// the gradient of what that module adds.
func (p *Pass) backward(w *worker, g group, grads []pairs) {
	m, T := p.m, p.batch.T
	rows := g.seqs * T
	dx := w.dx[:rows*m.cfg.Dim]
	for i := m.cfg.Layers - 1; i >= p.cut.layer; i-- {
		l, ps, gs, s := &m.layers[i], &p.pairs[i], &grads[i], w.acts[i-p.cut.layer]
		lowest := i == p.cut.layer
		if lowest && p.cut.stage == insideDown {
			if gs[modDown] == nil {
				return
			}
			pr := ps[modDown]
			low := lowRank{key: p.rows(p.keys, g, pr.Rank)}
			l.lin[modDown].backward(rows, nil, dx, 0, nil, pr, gs[modDown], p.scale, &low, nil)
			return
		}
		m.mlpGrad(l, ps, gs, p.scale, s, w.d, dx, rows, lowest && p.cut.stage == beforeMLP)
		if !lowest || p.cut.stage == beforeAttention {
			m.attentionGrad(l, ps, gs, p.scale, s, w.d, dx, rows, T, lowest)
		}
	}
}
