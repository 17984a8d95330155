package lm

import (
	"context"
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// WeightedKeys appends sqrt(weights[i]) k_i, (rank), of the positions that have a target to keys: the rows Q of the covariance Q^T Q, which cost less than
// that where they are few. Needs and errors are Covariance's.
func (p *Pass) WeightedKeys(weights, keys []float32) ([]float32, error) {
	r, err := p.keyWidth(weights)
	if err != nil {
		return nil, err
	}
	for i, target := range p.batch.Targets {
		if target >= 0 {
			n := len(keys)
			keys = append(keys, p.keys[i*r:(i+1)*r]...)
			kernel.Scale(keys[n:], float32(math.Sqrt(float64(weights[i]))), keys[n:])
		}
	}
	return keys, nil
}

// WeightedErrors computes the loss of Gradient and appends to errors, for each position that has a target, 1/sqrt(weights[i]) times the loss' gradient (dim) by what the
// adapted module adds there: the rows R whose product R^T Q with those of WeightedKeys is the gradient of B, which they are fewer than. Needs and errors are Covariance's.
func (p *Pass) WeightedErrors(ctx context.Context, ad *lora.Adapter, weights, errors []float32) (_ []float32, loss float64, err error) {
	if _, err := p.keyWidth(weights); err != nil {
		return nil, 0, err
	}
	if err := p.use(ad); err != nil {
		return nil, 0, err
	}
	for _, w := range p.workers {
		w.fitBack(p)
	}
	d, none := p.m.cfg.Dim, make([]pairs, p.m.cfg.Layers)
	err = p.each(ctx, func(w *worker, g group) {
		w.loss = p.headGrad(w, g, p.forward(w, g), weights)
		p.backward(w, g, none)
	}, func(w *worker, g group) {
		loss += w.loss
		base := g.first * p.batch.T
		for i := range g.seqs * p.batch.T {
			if p.batch.Targets[base+i] < 0 {
				continue
			}
			n, f := len(errors), float32(0)
			if v := weights[base+i]; v > 0 {
				f = float32(1 / math.Sqrt(float64(v)))
			}
			errors = append(errors, w.dx[i*d:(i+1)*d]...)
			kernel.Scale(errors[n:], f, errors[n:])
		}
	})
	return errors, loss, err
}

// keyWidth gives the rank of the keys that a pass has. Errors: EInvalid.
func (p *Pass) keyWidth(weights []float32) (int, error) {
	if len(p.slots) != 1 || p.cut.stage != insideDown {
		return 0, perk.Errorf(perk.EInvalid, op, "a key covariance needs one adapted module, an mlp.down whose A does not train")
	}
	if len(weights) != len(p.batch.Tokens) {
		return 0, perk.Errorf(perk.EInvalid, op, "%d weights for %d positions", len(weights), len(p.batch.Tokens))
	}
	return p.slots[0].pair.Rank, nil
}

// Covariance adds the upper triangle of sum_i weights[i] k_i k_i^T over the positions that have a target to gram (rank, rank), where k_i is the scaled key of position i:
// what the lowest adapted module's B is multiplied with. It needs a pass whose only adapted module is a down projection with a fixed A, so that
// the keys are the same in every step of a write. A bfloat16 view of a model rounds sqrt(weights[i]) k_i to bfloat16, and so gives the exact covariance of keys
// that are next to these. keys is how many have a weight above 0: the others cost nothing. Errors: EInvalid, ECanceled.
func (p *Pass) Covariance(ctx context.Context, weights []float32, gram []float32) (keys int, err error) {
	r, err := p.keyWidth(weights)
	if err != nil {
		return 0, err
	}
	if len(gram) != r*r {
		return 0, perk.Errorf(perk.EInvalid, op, "%d elements for a covariance of rank %d", len(gram), r)
	}
	var at []int // positions that count
	for i, f := range weights {
		if p.batch.Targets[i] >= 0 && f > 0 {
			at = append(at, i)
		}
	}
	// So many keys at once that the covariance, 9 MiB of rank 1,536, is seldom read and written, and so few that they stay in the cache.
	const most, part = 1024, 64
	w, add := p.workers[0], kernel.GramAdd
	if p.m.head.w == nil { // a bfloat16 view
		add = kernel.GramAddBF16
	}
	keys = len(at)
	for ; len(at) > 0; at = at[min(most, len(at)):] {
		if err := ctx.Err(); err != nil {
			return 0, perk.E(perk.ECanceled, op, err)
		}
		n := min(most, len(at))
		w.weighted = grow(w.weighted, n*r)
		kernel.Spread(len(p.workers), (n+part-1)/part, func(b int) {
			for i := b * part; i < min((b+1)*part, n); i++ {
				f := float32(math.Sqrt(float64(weights[at[i]])))
				kernel.Scale(w.weighted[i*r:(i+1)*r], f, p.keys[at[i]*r:(at[i]+1)*r])
			}
		})
		add(len(p.workers), r, n, w.weighted, r, gram, r)
	}
	return keys, nil
}
