package lm

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lora"
)

// firstRoom is the number of tokens that a new session has memory for. It grows by doubling, so that a model with a long window costs no
// more than what is read.
const firstRoom = 256

// prefillRows is the number of prompt tokens taken through all layers at once.
const prefillRows = 64

// Session decodes one sequence: it holds the keys and values of the tokens seen. Not safe for concurrent use.
type Session struct {
	m       *Model
	pairs   []pairs
	scale   float32
	n       int         // tokens seen
	room    int         // tokens that k, v and p have memory for
	k, v    [][]float32 // by layer: (room, kv)
	hist    [][]float32 // by layer: (conv-1, dim) last normalised rows, zeros before the first
	x, h    []float32   // (prefillRows, dim)
	inv     []float32   // (prefillRows)
	norm    []float32   // (conv-1+prefillRows, dim)
	c, q, o []float32   // (prefillRows, dim)
	qkv     []float32   // (prefillRows, dim + 2 kv), nil without a fused projection
	u, g, a []float32   // (prefillRows, ff)
	p       []float32   // (prefillRows, room) scores of one head
	low     lowRank
	logits  []float32 // (vocab)
}

// NewSession starts an empty sequence under an adapter, nil for the base model. The adapter is kept and must not change meanwhile.
// Errors: EInvalid (an adapter of another model).
func (m *Model) NewSession(ad *lora.Adapter) (*Session, error) {
	slots, err := m.slots(ad)
	if err != nil {
		return nil, err
	}
	c := m.cfg
	s := &Session{m: m, pairs: make([]pairs, c.Layers)}
	if err := place(s.pairs, slots, ad, false); err != nil {
		return nil, err
	}
	rank := 1
	for _, sl := range slots {
		rank = max(rank, sl.pair.Rank)
		s.scale = ad.Scale
	}
	f := func(rows, width int) []float32 { return make([]float32, rows*width) }
	s.k, s.v = make([][]float32, c.Layers), make([][]float32, c.Layers)
	for range c.Layers {
		s.hist = append(s.hist, f(s.history(), c.Dim))
	}
	r := min(prefillRows, c.Context)
	s.x, s.h, s.inv, s.norm = f(r, c.Dim), f(r, c.Dim), f(r, 1), f(s.history()+r, c.Dim)
	s.c, s.q, s.o = f(r, c.Dim), f(r, c.Dim), f(r, c.Dim)
	s.u, s.a = f(r, c.FF), f(r, c.FF)
	if m.arch.has(modGate) {
		s.g = f(r, c.FF)
	}
	if m.arch.has(modQKV) {
		s.qkv = f(r, c.Dim+2*c.kvDim())
	}
	s.reserve(min(firstRoom, c.Context))
	s.low = lowRank{key: f(r, rank), inv: f(r, 1)}
	s.logits = f(1, c.Vocab)
	return s, nil
}

// reserve makes room for n tokens; n is at most the window.
func (s *Session) reserve(n int) {
	if n <= s.room {
		return
	}
	c := s.m.cfg
	s.room = min(max(n, 2*s.room), c.Context)
	for _, cache := range [2][][]float32{s.k, s.v} {
		for i, old := range cache {
			cache[i] = make([]float32, s.room*c.kvDim())
			copy(cache[i], old)
		}
	}
	s.p = make([]float32, len(s.inv)*s.room)
}

// history is the number of earlier rows that the token shift reads.
func (s *Session) history() int { return max(0, s.m.cfg.Conv-1) }

// Len is the number of tokens seen.
func (s *Session) Len() int { return s.n }

// Reset forgets every token and keeps adapter and memory.
func (s *Session) Reset() {
	s.n = 0
	for _, h := range s.hist {
		clear(h)
	}
}

// Prefill reads tokens after those seen and returns the logits (vocab) after the last one, valid until the next call.
// Errors: EInvalid (no tokens, a token outside the vocabulary, more than the window holds; nothing is read then), ECanceled
// (some blocks may be read).
func (s *Session) Prefill(ctx context.Context, tokens []int32) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, perk.Errorf(perk.EInvalid, op, "no tokens to read")
	}
	if err := s.check(tokens); err != nil {
		return nil, err
	}
	for len(tokens) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, op, err)
		}
		block := tokens[:min(len(tokens), len(s.inv))]
		s.run(block)
		tokens = tokens[len(block):]
		if len(tokens) == 0 {
			return s.top(len(block) - 1), nil
		}
	}
	return s.logits, nil
}

// Step reads one token and returns the logits (vocab) after it, valid until the next call. It does not allocate, but for the
// doublings of the cache. Errors: EInvalid (a token outside the vocabulary, a full window).
func (s *Session) Step(token int32) ([]float32, error) {
	one := [1]int32{token}
	if err := s.check(one[:]); err != nil {
		return nil, err
	}
	s.run(one[:])
	return s.top(0), nil
}

func (s *Session) check(tokens []int32) error {
	c := s.m.cfg
	if len(tokens) > c.Context-s.n {
		return perk.Errorf(perk.EInvalid, op, "%d tokens after %d exceed the model's window of %d", len(tokens), s.n, c.Context).WithHint("shorten the question or the answer")
	}
	for _, t := range tokens {
		if t < 0 || int(t) >= c.Vocab {
			return perk.Errorf(perk.EInvalid, op, "token %d is outside the vocabulary of %d", t, c.Vocab)
		}
	}
	return nil
}

// run takes a block of tokens through all layers; the residuals stay in s.x.
func (s *Session) run(tokens []int32) {
	m, c, rows := s.m, s.m.cfg, len(tokens)
	x := s.x[:rows*c.Dim]
	s.reserve(s.n + rows)
	m.embedRows(x, tokens, s.n, rows)
	for i := range m.layers {
		s.attention(i, x, rows)
		s.mlp(i, x, rows)
	}
	s.n += rows
}

// top computes the logits of row r of the last block.
func (s *Session) top(r int) []float32 {
	c := s.m.cfg
	s.m.finalNorm(s.h[:c.Dim], s.inv[:1], s.x[r*c.Dim:(r+1)*c.Dim], c.logitScale())
	s.m.head.mul(1, s.h, 0, s.logits)
	return s.logits
}

func (s *Session) linear(i, mod, rows int, x []float32, beta float32, y []float32) {
	s.m.layers[i].lin[mod].forward(rows, x, beta, y, s.pairs[i][mod], s.scale, &s.low)
}

func (s *Session) attention(i int, x []float32, rows int) {
	m, c, l := s.m, s.m.cfg, &s.m.layers[i]
	hist, kv := s.history(), c.kvDim()
	copy(s.norm, s.hist[i])
	m.normalise(s.norm[hist*c.Dim:], s.inv[:rows], x, 1)
	m.arch.mix(l, s.c, s.norm, c.Dim, hist, hist+rows)
	copy(s.hist[i], s.norm[rows*c.Dim:])
	k, v := s.k[i][s.n*kv:(s.n+rows)*kv], s.v[i][s.n*kv:(s.n+rows)*kv]
	if s.qkv != nil {
		s.linear(i, modQKV, rows, s.c, 0, s.qkv)
		splitRows(s.q, k, v, s.qkv, rows, c.Dim, kv)
	} else {
		s.linear(i, modQ, rows, s.c, 0, s.q)
		s.linear(i, modK, rows, s.c, 0, k)
		s.linear(i, modV, rows, s.c, 0, v)
	}
	turns := m.rope.reach(s.n + rows)
	for r := range rows {
		turns.turn(s.q[r*c.Dim:(r+1)*c.Dim], turns.q, s.n+r, 1)
		turns.turn(k[r*kv:(r+1)*kv], turns.k, s.n+r, 1)
	}
	s.attend(i, rows)
	s.linear(i, modO, rows, s.o, 1, x)
}

// attend lets the block's queries read the cache, head by head.
func (s *Session) attend(i, rows int) {
	h := s.m.cfg.layout()
	dim, kv, cols := h.heads*h.width, h.kvHeads*h.width, s.n+rows
	for head := range h.heads {
		qo, ko := head*h.width, head/(h.heads/h.kvHeads)*h.width
		k, v := s.k[i][ko:], s.v[i][ko:]
		if rows == 1 {
			p := s.p[:cols]
			kernel.Gemv(cols, h.width, k, kv, s.q[qo:qo+h.width], 0, p)
			kernel.Softmax(p, p)
			kernel.GemvT(cols, h.width, v, kv, p, 0, s.o[qo:qo+h.width])
			continue
		}
		kernel.Gemm(false, true, rows, cols, h.width, s.q[qo:], dim, k, kv, 0, s.p, cols)
		for r := range rows {
			causalSoftmax(s.p[r*cols:(r+1)*cols], s.n+r+1)
		}
		kernel.Gemm(false, false, rows, h.width, cols, s.p, cols, v, kv, 0, s.o[qo:], dim)
	}
}

func (s *Session) mlp(i int, x []float32, rows int) {
	m, c, l := s.m, s.m.cfg, &s.m.layers[i]
	m.normalise(s.h, s.inv[:rows], x, 1)
	l.norm2.apply(s.h, s.h[:rows*c.Dim])
	var g []float32
	if s.g != nil {
		g = s.g[:rows*c.FF]
		s.linear(i, modGate, rows, s.h, 0, g)
	}
	s.linear(i, modUp, rows, s.h, 0, s.u)
	m.arch.act(s.a[:rows*c.FF], s.u[:rows*c.FF], g)
	s.linear(i, modDown, rows, s.a, 1, x)
}
