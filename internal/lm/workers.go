package lm

import (
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// headRows is the number of positions whose logits are held at once.
const headRows = 128

// Workers is the memory that passes compute in: activations of one group of sequences for each thread. Passes may share it, one at a time, so that it does
// not grow with their number; what it keeps of their shapes must not change between them.
type Workers struct {
	all  []*worker
	keys map[*float32]*kernel.PackedBF16 // tensors A that do not train, by their first element
	x    []float32                       // residuals of the last pass that did not keep them
}

// NewWorkers makes memory for so many threads; fewer than 1 count as 1.
func NewWorkers(threads int) *Workers {
	ws := &Workers{keys: map[*float32]*kernel.PackedBF16{}}
	for range max(threads, 1) {
		ws.all = append(ws.all, &worker{})
	}
	return ws
}

// rounded gives A of a pair that does not train it, in bfloat16.
func (ws *Workers) rounded(p *lora.Pair) *kernel.PackedBF16 {
	a := ws.keys[&p.A[0]]
	if a == nil {
		a = kernel.PackBF16(true, p.In, p.Rank, p.A, p.In)
		ws.keys[&p.A[0]] = a
	}
	return a
}

// worker is the scratch of one thread, for the largest pass so far.
type worker struct {
	acts      []*acts   // from the cut's layer upwards; one at least, for the trunk
	once      passing   // of all of them
	x, dx     []float32 // (rows, dim)
	inv       []float32 // (rows)
	d         *grads
	grad      *lora.Adapter
	pairs     []pairs // of grad
	loss      float64
	active    []int     // rows of the group that have a loss
	h, logits []float32 // (headRows, dim), (headRows, vocab)
	sums      [headRows]float32
	weighted  []float32 // (rows, rank)
}

// fit makes room for the groups of a pass, without what only Gradient needs.
func (w *worker) fit(p *Pass) {
	c, T, seqs := p.m.cfg, p.batch.T, p.groups[0].seqs
	rows := seqs * T
	w.x, w.dx, w.inv = grow(w.x, rows*c.Dim), grow(w.dx, rows*c.Dim), grow(w.inv, rows)
	w.fitActs(p, p.kept())
}

// fitActs makes room for the activations of so many layers.
func (w *worker) fitActs(p *Pass, layers int) {
	c, T, seqs := p.m.cfg, p.batch.T, p.groups[0].seqs
	w.once.fit(c, p.m.arch, seqs*T)
	for len(w.acts) < layers {
		w.acts = append(w.acts, &acts{})
	}
	for _, s := range w.acts {
		s.fit(c, p.m.arch, seqs, T, &w.once)
	}
}

// fitBack makes room for a walk back.
func (w *worker) fitBack(p *Pass) {
	c := p.m.cfg
	if w.d == nil {
		w.d = &grads{}
	}
	w.d.fit(c, p.m.arch, p.groups[0].seqs, p.batch.T)
	w.h, w.logits = grow(w.h, headRows*c.Dim), grow(w.logits, headRows*c.Vocab)
}

// fitGrad makes room for Gradient.
func (w *worker) fitGrad(p *Pass) error {
	w.fitBack(p)
	if w.pairs != nil && w.grad.Scale == p.scale && place(w.pairs, p.slots, w.grad, true) == nil {
		return nil // of an earlier pass with the same shape
	}
	w.grad, w.pairs = p.shape.Zeros(), make([]pairs, p.m.cfg.Layers)
	return place(w.pairs, p.slots, w.grad, true)
}
