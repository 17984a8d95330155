package lm

import (
	"slices"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// pairs are the adapters of one layer's modules, nil where there is none.
type pairs [modules]*lora.Pair

// acts are one layer's activations over the rows of a group: what its backward pass needs. Widths are given a row.
type acts struct {
	*passing
	n1, q, k, v, o []float32 // dim, dim, kv, kv, dim: normalised, rotated, ..., attended
	p              []float32 // (sequences, heads, T, T) attention probabilities
	n2             []float32 // dim: normalised
	m              []float32 // passing.gained, or n2
	u, g           []float32 // the widest ff: up, gate (nil without one)
	inv1, inv2     []float32 // one a row
	low            [modules]lowRank
}

// passing are activations that all layers of a thread compute in the same place, since a backward pass makes them again of what acts keep with little effort.
type passing struct {
	qkv    []float32 // dim + 2 kv: fused projection, nil without one
	c      []float32 // dim: mixed
	gained []float32 // dim: n2 with gain, nil without gains
	a      []float32 // the widest ff: activated
}

// part is an activation and its width.
type part struct {
	x     *[]float32
	width int // a row
}

// kept lists what acts hold for sequences of T tokens.
func (s *acts) kept(c Config, ar arch, T int) []part {
	list := []part{{&s.n1, c.Dim}, {&s.q, c.Dim}, {&s.k, c.kvDim()}, {&s.v, c.kvDim()}, {&s.o, c.Dim}, {&s.p, c.Heads * T}, {&s.n2, c.Dim}, {&s.u, c.widestFF()}, {&s.inv1, 1}, {&s.inv2, 1}}
	if ar.has(modGate) {
		list = append(list, part{&s.g, c.widestFF()})
	}
	return list
}

// fit makes room for so many sequences; what is there already is kept and undefined.
func (s *acts) fit(c Config, ar arch, seqs, T int, once *passing) {
	for _, p := range s.kept(c, ar, T) {
		*p.x = grow(*p.x, seqs*T*p.width)
	}
	s.passing, s.m = once, s.n2
	if ar.gains() {
		s.m = once.gained
	}
}

func (s *passing) fit(c Config, ar arch, rows int) {
	f := func(x *[]float32, width int) { *x = grow(*x, rows*width) }
	f(&s.c, c.Dim)
	f(&s.a, c.widestFF())
	if ar.gains() {
		f(&s.gained, c.Dim)
	}
	if ar.has(modQKV) {
		f(&s.qkv, c.Dim+2*c.kvDim())
	}
}

// grads is the scratch of one layer's backward pass over a group.
type grads struct {
	dq, dk, dv, dc []float32 // dim, kv, kv, dim
	dqkv           []float32 // dim + 2 kv, nil without a fused projection
	du, dg         []float32 // ff
	ds             []float32 // (attnBlock, T)
	low            lowRank
}

// fit makes room for so many sequences.
func (d *grads) fit(c Config, ar arch, seqs, T int) {
	rows := seqs * T
	f := func(x *[]float32, width int) { *x = grow(*x, rows*width) }
	f(&d.dq, c.Dim)
	f(&d.dc, c.Dim)
	f(&d.dk, c.kvDim())
	f(&d.dv, c.kvDim())
	f(&d.du, c.widestFF())
	f(&d.dg, c.widestFF())
	d.ds = grow(d.ds, attnBlock*T)
	if ar.has(modQKV) {
		f(&d.dqkv, c.Dim+2*c.kvDim())
	}
}

// attention adds a layer's attention to the residual x of rows = sequences·T rows.
func (m *Model) attention(l *layer, ps *pairs, scale float32, s *acts, x []float32, rows, T int) {
	c := m.cfg
	m.normalise(s.n1, s.inv1[:rows], x, 1)
	m.mixed(l, s, rows, T)
	kv := c.kvDim()
	if s.qkv != nil {
		l.lin[modQKV].forward(rows, s.c, 0, s.qkv, ps[modQKV], scale, &s.low[modQKV])
		splitRows(s.q, s.k, s.v, s.qkv, rows, c.Dim, kv)
	} else {
		l.lin[modQ].forward(rows, s.c, 0, s.q, ps[modQ], scale, &s.low[modQ])
		l.lin[modK].forward(rows, s.c, 0, s.k, ps[modK], scale, &s.low[modK])
		l.lin[modV].forward(rows, s.c, 0, s.v, ps[modV], scale, &s.low[modV])
	}
	turns := m.rope.reach(T)
	turns.turnRows(s.q[:rows*c.Dim], turns.q, c.Dim, T, 1)
	turns.turnRows(s.k[:rows*kv], turns.k, kv, T, 1)
	for r := 0; r < rows; r += T {
		c.layout().attend(s.o[r*c.Dim:], s.p[r*c.Heads*T:], s.q[r*c.Dim:], s.k[r*kv:], s.v[r*kv:], T)
	}
	l.lin[modO].forward(rows, s.o, 1, x, ps[modO], scale, &s.low[modO])
}

// mixed computes s.c of s.n1.
func (m *Model) mixed(l *layer, s *acts, rows, T int) {
	d := m.cfg.Dim
	for r := 0; r < rows; r += T {
		m.arch.mix(l, s.c[r*d:], s.n1[r*d:], d, 0, T)
	}
}

// trainsA tells whether any of the pairs trains its A, whose gradient wants the module's input.
func trainsA(ps ...*lora.Pair) bool {
	return slices.ContainsFunc(ps, func(p *lora.Pair) bool { return p != nil && p.TrainA })
}

// mlpInner computes the input s.a of a layer's down projection.
func (m *Model) mlpInner(l *layer, ps *pairs, scale float32, s *acts, x []float32, rows int) {
	c, ff := m.cfg, l.lin[modUp].out
	m.normalise(s.n2, s.inv2[:rows], x, 1)
	l.norm2.apply(s.m, s.n2[:rows*c.Dim])
	var g []float32
	if s.g != nil {
		g = s.g[:rows*ff]
		l.lin[modGate].forward(rows, s.m, 0, g, ps[modGate], scale, &s.low[modGate])
	}
	l.lin[modUp].forward(rows, s.m, 0, s.u, ps[modUp], scale, &s.low[modUp])
	m.arch.act(s.a[:rows*ff], s.u[:rows*ff], g)
}

// mlp adds a layer's MLP to the residual x.
func (m *Model) mlp(l *layer, ps *pairs, scale float32, s *acts, x []float32, rows int) {
	m.mlpInner(l, ps, scale, s, x, rows)
	l.lin[modDown].forward(rows, s.a, 1, x, ps[modDown], scale, &s.low[modDown])
}

// mlpGrad turns the gradient dx at the layer's output into that at its MLP's input. With last set nothing below is adapted,
// and the walk ends at the lowest adapted module.
func (m *Model) mlpGrad(l *layer, ps, gs *pairs, scale float32, s *acts, d *grads, dx []float32, rows int, last bool) {
	c, ff := m.cfg, l.lin[modUp].out
	inner := ps[modUp] != nil || ps[modGate] != nil
	du := d.du[:rows*ff]
	if last && !inner {
		du = nil
	}
	var g []float32
	if s.g != nil {
		g = s.g[:rows*ff]
	}
	if trainsA(ps[modDown]) {
		m.arch.act(s.a[:rows*ff], s.u[:rows*ff], g)
	}
	l.lin[modDown].backward(rows, s.a, dx, 0, du, ps[modDown], gs[modDown], scale, &s.low[modDown], &d.low)
	if du == nil {
		return
	}
	dm := d.dc[:rows*c.Dim]
	if last {
		dm = nil
	}
	dg := d.dg[:rows*ff]
	if trainsA(ps[modUp], ps[modGate]) {
		l.norm2.apply(s.m, s.n2[:rows*c.Dim])
	}
	m.arch.actGrad(du, dg, s.u[:rows*ff], g)
	l.lin[modUp].backward(rows, s.m, du, 0, dm, ps[modUp], gs[modUp], scale, &s.low[modUp], &d.low)
	if s.g != nil {
		l.lin[modGate].backward(rows, s.m, dg, 1, dm, ps[modGate], gs[modGate], scale, &s.low[modGate], &d.low)
	}
	if last {
		return
	}
	if l.norm2.gain != nil {
		gainRows(dm, dm, l.norm2.gain)
	}
	m.normGrad(dx, dm, s.n2, s.inv2[:rows])
}

// attentionGrad turns the gradient dx at the attention's output into that at the layer's input; last as in mlpGrad.
func (m *Model) attentionGrad(l *layer, ps, gs *pairs, scale float32, s *acts, d *grads, dx []float32, rows, T int, last bool) {
	c, kv := m.cfg, m.cfg.kvDim()
	inner := ps[modQKV] != nil || ps[modQ] != nil || ps[modK] != nil || ps[modV] != nil
	do := d.dc[:rows*c.Dim]
	if last && !inner {
		do = nil
	}
	l.lin[modO].backward(rows, s.o, dx, 0, do, ps[modO], gs[modO], scale, &s.low[modO], &d.low)
	if do == nil {
		return
	}
	for r := 0; r < rows; r += T {
		c.layout().attendGrad(d.dq[r*c.Dim:], d.dk[r*kv:], d.dv[r*kv:], do[r*c.Dim:], s.p[r*c.Heads*T:], s.q[r*c.Dim:], s.k[r*kv:], s.v[r*kv:], d.ds, T)
	}
	turns := m.rope.reach(T)
	turns.turnRows(d.dq[:rows*c.Dim], turns.q, c.Dim, T, -1)
	turns.turnRows(d.dk[:rows*kv], turns.k, kv, T, -1)
	dc := do // attendGrad has read it
	if last {
		dc = nil
	}
	if trainsA(ps[modQKV], ps[modQ], ps[modK], ps[modV]) {
		m.mixed(l, s, rows, T)
	}
	if s.qkv != nil {
		joinRows(d.dqkv, d.dq, d.dk, d.dv, rows, c.Dim, kv)
		l.lin[modQKV].backward(rows, s.c, d.dqkv, 0, dc, ps[modQKV], gs[modQKV], scale, &s.low[modQKV], &d.low)
	} else {
		l.lin[modQ].backward(rows, s.c, d.dq, 0, dc, ps[modQ], gs[modQ], scale, &s.low[modQ], &d.low)
		l.lin[modK].backward(rows, s.c, d.dk, 1, dc, ps[modK], gs[modK], scale, &s.low[modK], &d.low)
		l.lin[modV].backward(rows, s.c, d.dv, 1, dc, ps[modV], gs[modV], scale, &s.low[modV], &d.low)
	}
	if last {
		return
	}
	for r := 0; r < rows; r += T {
		m.arch.mixGrad(l, dc[r*c.Dim:], c.Dim, T)
	}
	m.normGrad(dx, dc, s.n1, s.inv1[:rows])
}

// embedRows writes the embeddings of tokens to x, with their positions where those are learned: sequences of T tokens, the
// first of each at position at.
func (m *Model) embedRows(x []float32, tokens []int32, at, T int) {
	d := m.cfg.Dim
	for i, t := range tokens {
		row := x[i*d : (i+1)*d]
		copy(row, m.embed[int(t)*d:])
		if m.pos != nil {
			p := at + i%T
			kernel.Add(row, row, m.pos[p*d:(p+1)*d])
		}
	}
}

// finalNorm writes scale · norm(x) ⊙ gain + bias to h, and each row's factor to inv; no architecture has both a scale and a bias.
func (m *Model) finalNorm(h, inv, x []float32, scale float32) {
	m.normalise(h, inv, x, scale)
	h = h[:len(inv)*m.cfg.Dim]
	m.normF.apply(h, h)
}
