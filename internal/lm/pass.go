package lm

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// Pass is a batch with the part of its forward pass done that no write changes: everything below the lowest adapted module.
// Its memory is one residual (and one key) for each token, beside the Workers that it computes in.
// Not safe for concurrent use.
type Pass struct {
	m       *Model
	batch   Batch
	cut     cut
	slots   []slot // of the shape, bottom first
	shape   *lora.Adapter
	scale   float32
	groups  []group
	workers []*worker
	x       []float32          // (B·T, dim) residual at the cut
	keys    []float32          // (B·T, rank) scaled keys of the cut module, where the cut is inside it
	pairs   []pairs            // of the adapter in use, one a layer; nil entries for the base model
	a       *kernel.PackedBF16 // A of the cut module, where the cut is inside it and the model is a bfloat16 view
}

// cut is where the part that is done ends: before a layer's attention, before its MLP, or inside its down projection, between A and B.
type cut struct {
	layer int // Layers when nothing is adapted
	stage stage
}

type stage int

const (
	beforeAttention stage = iota
	beforeMLP
	insideDown
)

// NewPass checks a batch and runs it up to the lowest module that shape adapts. shape says which modules are adapted, which
// tensors train, and holds those that do not train; it may be nil for the base model. The batch is kept and must not change.
// threads below 1 count as 1. Errors: EInvalid (tokens, targets, sizes, modules), ECanceled.
func (m *Model) NewPass(ctx context.Context, b Batch, shape *lora.Adapter, threads int) (*Pass, error) {
	return m.PassOn(ctx, NewWorkers(threads), b, shape, true)
}

// PassOn is NewPass in memory that other passes share: only one of them may run at a time. Without keep the residuals are shared as well, so that the pass ends
// with the next one of the kind.
func (m *Model) PassOn(ctx context.Context, ws *Workers, b Batch, shape *lora.Adapter, keep bool) (*Pass, error) {
	if err := b.check(m.cfg); err != nil {
		return nil, err
	}
	slots, err := m.slots(shape)
	if err != nil {
		return nil, err
	}
	p := &Pass{m: m, batch: b, slots: slots, shape: shape, pairs: make([]pairs, m.cfg.Layers)}
	if err := place(p.pairs, slots, shape, false); err != nil {
		return nil, err
	}
	if shape != nil {
		p.scale = shape.Scale
	}
	p.cut = m.cutAt(slots)
	p.groups = m.cutBatch(b, p.kept())
	n := b.B * b.T * m.cfg.Dim
	size := n
	if p.cut.stage == insideDown {
		size += b.B * b.T * slots[0].pair.Rank
	}
	var x []float32
	if keep {
		x = make([]float32, size)
	} else {
		ws.x = grow(ws.x, size)
		x = ws.x
	}
	p.x, p.keys = x[:n], x[n:]
	if p.cut.stage == insideDown && m.head.w == nil {
		if low := p.pairs[p.cut.layer][modDown]; !low.Full {
			p.a = ws.rounded(low)
		}
	}
	p.workers = ws.all[:min(len(ws.all), len(p.groups))]
	for _, w := range p.workers {
		w.fit(p)
	}
	if err := p.each(ctx, p.trunk, nil); err != nil {
		return nil, err
	}
	return p, nil
}

// kept is the number of layers whose activations are there at once: those that a backward pass goes through, and one for the trunk at least.
func (p *Pass) kept() int { return max(1, p.m.cfg.Layers-p.cut.layer) }

// HasTrunk tells whether passes for adapters of a shape do work that keeping them would spare later: some layers are below the lowest adapted module.
func (m *Model) HasTrunk(shape *lora.Adapter) bool {
	slots, err := m.slots(shape)
	return err == nil && m.cutAt(slots) != cut{stage: beforeAttention}
}

// cutAt finds the deepest point below which nothing is adapted.
func (m *Model) cutAt(slots []slot) cut {
	if len(slots) == 0 {
		return cut{layer: m.cfg.Layers}
	}
	switch low := slots[0]; {
	case low.mod <= modO:
		return cut{low.layer, beforeAttention}
	case low.mod == modDown && !low.pair.TrainA:
		return cut{low.layer, insideDown}
	default:
		return cut{low.layer, beforeMLP}
	}
}

// trunk runs one group up to the cut. Base and frozen A are all it needs, so the result holds for every step of a write.
func (p *Pass) trunk(w *worker, g group) {
	m, T := p.m, p.batch.T
	rows := g.seqs * T
	x := p.rows(p.x, g, m.cfg.Dim)
	m.embedRows(x, p.batch.Tokens[g.first*T:(g.first+g.seqs)*T], 0, T)
	none := &pairs{}
	s := w.acts[0]
	for i := range min(p.cut.layer, m.cfg.Layers) {
		m.attention(&m.layers[i], none, 0, s, x, rows, T)
		m.mlp(&m.layers[i], none, 0, s, x, rows)
	}
	if p.cut.stage == beforeAttention {
		return
	}
	l := &m.layers[p.cut.layer]
	m.attention(l, none, 0, s, x, rows, T)
	if p.cut.stage == beforeMLP {
		return
	}
	m.mlpInner(l, none, 0, s, x, rows)
	t := s.low[modDown]
	t.key = p.rows(p.keys, g, p.slots[0].pair.Rank) // where they stay
	keys(rows, s.a, p.pairs[p.cut.layer][modDown], p.a, p.scale, &t)
	s.low[modDown].inv = t.inv
	l.lin[modDown].mul(rows, s.a, 1, x)
}

// rows gives a group's part of an array with width elements a token.
func (p *Pass) rows(x []float32, g group, width int) []float32 {
	n := p.batch.T * width
	return x[g.first*n : (g.first+g.seqs)*n]
}

// use makes ad the adapter of the following forward and backward walks; nil is the base model.
func (p *Pass) use(ad *lora.Adapter) error {
	if err := place(p.pairs, p.slots, ad, false); err != nil {
		return err
	}
	if ad != nil && ad.Scale != p.scale {
		return perk.Errorf(perk.EInvalid, op, "adapter has scale %v, the pass was made for %v", ad.Scale, p.scale)
	}
	return nil
}

// each runs work on every group and commit on each group's worker in the order of the groups. Groups are taken in order and
// a taken group is always finished, so a worker that waits for its turn waits for running work only.
func (p *Pass) each(ctx context.Context, work, commit func(*worker, group)) error {
	var next atomic.Int64
	var mu sync.Mutex
	turned := sync.NewCond(&mu)
	turn := 0
	loop := func(w *worker) {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(p.groups) {
				return
			}
			work(w, p.groups[i])
			if commit == nil {
				continue
			}
			mu.Lock()
			for turn != i {
				turned.Wait()
			}
			commit(w, p.groups[i])
			turn++
			turned.Broadcast()
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for _, w := range p.workers[1:] {
		wg.Go(func() { loop(w) })
	}
	loop(p.workers[0])
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return perk.E(perk.ECanceled, op, err)
	}
	return nil
}

// Hidden gives the final hidden states (B·T, dim) of the base model without any adapter, normalised, with the final gain
// where the model has one and without the logit scale, in the memory of out where that is large enough. Errors: ECanceled.
func (p *Pass) Hidden(ctx context.Context, out []float32) ([]float32, error) {
	if err := p.use(nil); err != nil {
		return nil, err
	}
	out = grow(out, len(p.x))
	err := p.each(ctx, func(w *worker, g group) {
		rows := g.seqs * p.batch.T
		p.m.finalNorm(p.rows(out, g, p.m.cfg.Dim), w.inv[:rows], p.forward(w, g), 1)
	}, nil)
	return out, err
}

// Logits gives the logits (B·T, vocab) under an adapter of the announced shape, or of the base model for nil. Errors: EInvalid, ECanceled.
func (p *Pass) Logits(ctx context.Context, ad *lora.Adapter) ([]float32, error) {
	if err := p.use(ad); err != nil {
		return nil, err
	}
	c := p.m.cfg
	out := make([]float32, p.batch.B*p.batch.T*c.Vocab)
	err := p.each(ctx, func(w *worker, g group) {
		rows := g.seqs * p.batch.T
		h := w.dx[:rows*c.Dim]
		p.m.finalNorm(h, w.inv[:rows], p.forward(w, g), c.logitScale())
		p.m.head.logits(rows, h, p.rows(out, g, c.Vocab))
	}, nil)
	return out, err
}

// logitScale is the factor on the logits, 1 where the architecture has none.
func (c Config) logitScale() float32 {
	if c.LogitScale == 0 {
		return 1
	}
	return float32(c.LogitScale)
}
