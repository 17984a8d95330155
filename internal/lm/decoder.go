package lm

import (
	"fmt"

	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// Span is a run of tokens that one sequence reads next. A single token is a step of decoding.
type Span struct {
	Sequence *Sequence
	Tokens   []int32 // passed by Sequence.Check
	Want     bool    // the logits after the last token are asked for
}

// Decoder takes rows of many sequences, each under its own adapter, through a model together: the base model's matrices are read once for all of them, as in
// Punica (arXiv 2310.18547) and S-LoRA (arXiv 2311.03285). What a sequence gives does not depend on what runs beside it, bit for bit, only on
// how its own tokens were cut into spans. Not safe for concurrent use.
type Decoder struct {
	w       *Weights
	rows    int       // most rows of a Run
	x, h    []float32 // (rows, dim)
	inv     []float32 // (rows)
	n       []float32 // (rows, dim) normalised
	shift   []float32 // (conv-1+rows, dim) of one sequence
	c, q, o []float32 // (rows, dim)
	k, v    []float32 // (rows, kv)
	qkv     []float32 // (rows, dim + 2 kv), nil without a fused projection
	u, g, a []float32 // (rows, widest ff)
	p       []float32 // scores of one head of one span
	key     []float32 // (rows, rank)
	keyInv  []float32 // (rows)
	logits  []float32 // (wanted, vocab)
}

// NewDecoder makes a decoder of at most so many rows at once.
func (w *Weights) NewDecoder(rows int) *Decoder {
	m, c := w.m, w.m.cfg
	f := func(width int) []float32 { return make([]float32, rows*width) }
	d := &Decoder{w: w, rows: rows, x: f(c.Dim), h: f(c.Dim), inv: f(1), n: f(c.Dim), c: f(c.Dim), q: f(c.Dim), o: f(c.Dim), k: f(c.kvDim()), v: f(c.kvDim()),
		u: f(c.widestFF()), a: f(c.widestFF()), keyInv: f(1), shift: make([]float32, (m.history()+rows)*c.Dim)}
	if m.arch.has(modGate) {
		d.g = f(c.widestFF())
	}
	if m.arch.has(modQKV) {
		d.qkv = f(c.Dim + 2*c.kvDim())
	}
	return d
}

// Rows is the number of tokens that a Run takes at most.
func (d *Decoder) Rows() int { return d.rows }

// Run takes all spans through the model; a sequence may be in one of them. It does not allocate, but for the doublings of caches and scratch. It panics where
// there are more tokens than Rows.
func (d *Decoder) Run(spans []Span) {
	m, c := d.w.m, d.w.m.cfg
	rows, wanted := 0, 0
	for i := range spans {
		s, n := spans[i].Sequence, len(spans[i].Tokens)
		if rows+n > d.rows {
			panic(fmt.Sprintf("lm: a run of %d tokens, at most %d are taken", rows+n, d.rows))
		}
		s.reserve(s.n + n)
		d.p = grow(d.p, max(len(d.p), n*s.room)) // as rarely as the cache
		d.key = grow(d.key, max(len(d.key), d.rows*s.ad.rank))
		m.embedRows(d.x[rows*c.Dim:], spans[i].Tokens, s.n, n)
		rows += n
		if spans[i].Want {
			wanted++
		}
	}
	for i := range m.layers {
		d.attention(i, spans, rows)
		d.mlp(i, spans, rows)
	}
	at, want := 0, 0
	for i := range spans {
		n := len(spans[i].Tokens)
		spans[i].Sequence.n += n
		at += n
		if spans[i].Want {
			copy(d.n[want*c.Dim:], d.x[(at-1)*c.Dim:at*c.Dim])
			want++
		}
	}
	d.head(wanted)
}

// head computes the logits of the wanted rows, which are in d.n. In float32 each is a run of its own.
func (d *Decoder) head(wanted int) {
	m, c := d.w.m, d.w.m.cfg
	m.finalNorm(d.h[:wanted*c.Dim], d.inv[:wanted], d.n[:wanted*c.Dim], c.logitScale())
	d.logits = grow(d.logits, wanted*c.Vocab)
	if d.w.head.w == nil {
		d.w.head.mul(nil, wanted, d.h, 0, d.logits)
		return
	}
	for i := range wanted {
		d.w.head.mulRun(1, d.h[i*c.Dim:(i+1)*c.Dim], 0, d.logits[i*c.Vocab:])
	}
}

// Logits are those (vocab) of the i-th span that asked for them, valid until the next Run.
func (d *Decoder) Logits(i int) []float32 {
	v := d.w.m.cfg.Vocab
	return d.logits[i*v : (i+1)*v]
}

// linear computes y = x Wᵀ + beta y and every sequence's low-rank part.
func (d *Decoder) linear(i, mod int, spans []Span, rows int, x []float32, beta float32, y []float32) {
	w := d.w.layers[i][mod]
	w.mul(spans, rows, x, beta, y)
	for at, s := 0, 0; s < len(spans); {
		first, from := s, at
		p := spans[s].Sequence.ad.pairs[i][mod]
		for ; s < len(spans); s++ { // sequences that share A share its product
			q := spans[s].Sequence.ad.pairs[i][mod]
			if (p == nil) != (q == nil) || p != nil && (p.a != q.a || p.normA != q.normA || spans[first].Sequence.ad.scale != spans[s].Sequence.ad.scale) {
				break
			}
			at += len(spans[s].Tokens)
		}
		if p != nil {
			d.low(i, mod, p, spans[first:s], at-from, x[from*w.in:], y[from*w.out:])
		}
	}
}

// low adds the low-rank parts of spans that share A.
func (d *Decoder) low(i, mod int, p *lowPair, spans []Span, rows int, x, y []float32) {
	rank, scale := p.b.in, spans[0].Sequence.ad.scale
	key := d.key[:rows*rank]
	if p.a == nil {
		copy(key, x)
	} else {
		p.a.mul(spans, rows, x, 0, key)
	}
	if p.normA {
		rms(key, d.keyInv[:rows], key, rank, lora.NormEps, scale)
	} else {
		kernel.Scale(key, scale, key)
	}
	for s := range spans {
		b, n := spans[s].Sequence.ad.pairs[i][mod].b, len(spans[s].Tokens)
		b.mul(spans[s:s+1], n, key, 1, y)
		key, y = key[n*rank:], y[n*b.out:]
	}
}

func (d *Decoder) attention(i int, spans []Span, rows int) {
	m, c := d.w.m, d.w.m.cfg
	kv := c.kvDim()
	m.normalise(d.n, d.inv[:rows], d.x[:rows*c.Dim], 1)
	d.mix(i, spans)
	if d.qkv != nil {
		d.linear(i, modQKV, spans, rows, d.c, 0, d.qkv)
		splitRows(d.q, d.k, d.v, d.qkv, rows, c.Dim, kv)
	} else {
		d.linear(i, modQ, spans, rows, d.c, 0, d.q)
		d.linear(i, modK, spans, rows, d.c, 0, d.k)
		d.linear(i, modV, spans, rows, d.c, 0, d.v)
	}
	at := 0
	for s := range spans {
		seq, n := spans[s].Sequence, len(spans[s].Tokens)
		turns := m.rope.reach(seq.n + n)
		for r := range n {
			turns.turn(d.q[(at+r)*c.Dim:(at+r+1)*c.Dim], turns.q, seq.n+r, 1)
			turns.turn(d.k[(at+r)*kv:(at+r+1)*kv], turns.k, seq.n+r, 1)
		}
		copy(seq.k[i][seq.n*kv:], d.k[at*kv:(at+n)*kv])
		copy(seq.v[i][seq.n*kv:], d.v[at*kv:(at+n)*kv])
		d.attend(i, seq, n, d.q[at*c.Dim:], d.o[at*c.Dim:])
		at += n
	}
	d.linear(i, modO, spans, rows, d.o, 1, d.x)
}

// mix lets the architecture mix each sequence's rows with those before them, and keeps its last ones for the next span.
func (d *Decoder) mix(i int, spans []Span) {
	m, dim := d.w.m, d.w.m.cfg.Dim
	hist, at := m.history(), 0
	for s := range spans {
		seq, n := spans[s].Sequence, len(spans[s].Tokens)
		shift := d.n[at*dim:]
		if hist > 0 {
			shift = d.shift
			copy(shift, seq.hist[i])
			copy(shift[hist*dim:], d.n[at*dim:(at+n)*dim])
			copy(seq.hist[i], shift[n*dim:])
		}
		m.arch.mix(&m.layers[i], d.c[at*dim:], shift, dim, hist, hist+n)
		at += n
	}
}

// attend lets a span's queries q (n, dim) read its sequence's cache, head by head, into o (n, dim).
func (d *Decoder) attend(i int, s *Sequence, n int, q, o []float32) {
	h := d.w.m.cfg.layout()
	dim, kv, cols := h.heads*h.width, h.kvHeads*h.width, s.n+n
	for head := range h.heads {
		qo, ko := head*h.width, head/(h.heads/h.kvHeads)*h.width
		k, v := s.k[i][ko:], s.v[i][ko:]
		if n == 1 {
			p := d.p[:cols]
			kernel.Gemv(cols, h.width, k, kv, q[qo:qo+h.width], 0, p)
			kernel.Softmax(p, p)
			kernel.GemvT(cols, h.width, v, kv, p, 0, o[qo:qo+h.width])
			continue
		}
		kernel.Gemm(false, true, n, cols, h.width, q[qo:], dim, k, kv, 0, d.p, cols)
		for r := range n {
			causalSoftmax(d.p[r*cols:(r+1)*cols], s.n+r+1)
		}
		kernel.Gemm(false, false, n, h.width, cols, d.p, cols, v, kv, 0, o[qo:], dim)
	}
}

func (d *Decoder) mlp(i int, spans []Span, rows int) {
	m, c, l := d.w.m, d.w.m.cfg, &d.w.m.layers[i]
	ff := l.lin[modUp].out
	m.normalise(d.h, d.inv[:rows], d.x[:rows*c.Dim], 1)
	l.norm2.apply(d.h, d.h[:rows*c.Dim])
	var g []float32
	if d.g != nil {
		g = d.g[:rows*ff]
		d.linear(i, modGate, spans, rows, d.h, 0, g)
	}
	d.linear(i, modUp, spans, rows, d.h, 0, d.u)
	m.arch.act(d.a[:rows*ff], d.u[:rows*ff], g)
	d.linear(i, modDown, spans, rows, d.a, 1, d.x)
}
