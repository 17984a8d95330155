package lm

import (
	"slices"

	"github.com/perkdb/perk"
)

// firstRoom is the number of tokens that a new sequence has memory for. It grows by doubling, so that a model with a long window costs no
// more than what is read.
const firstRoom = 256

// Sequence is one text that a decoder reads: its adapter, and the keys and values of the tokens seen. Not safe for concurrent use.
type Sequence struct {
	m    *Model
	ad   *Adapted
	n    int         // tokens seen
	room int         // tokens that k and v have memory for
	k, v [][]float32 // by layer: (room, kv)
	hist [][]float32 // by layer: (conv-1, dim) last normalised rows, zeros before the first
}

// NewSequence makes a sequence; Reset starts it.
func (m *Model) NewSequence() *Sequence {
	c := m.cfg
	s := &Sequence{m: m, k: make([][]float32, c.Layers), v: make([][]float32, c.Layers)}
	for range c.Layers {
		s.hist = append(s.hist, make([]float32, m.history()*c.Dim))
	}
	s.reserve(min(firstRoom, c.Context))
	return s
}

// history is the number of earlier rows that the token shift reads.
func (m *Model) history() int { return max(0, m.cfg.Conv-1) }

// Reset forgets every token and goes on with an adapter of the same model. Memory is kept.
func (s *Sequence) Reset(ad *Adapted) {
	s.ad, s.n = ad, 0
	for _, h := range s.hist {
		clear(h)
	}
}

// Len is the number of tokens seen.
func (s *Sequence) Len() int { return s.n }

// reserve makes room for n tokens; n is at most the window.
func (s *Sequence) reserve(n int) {
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
}

// Check reports an EInvalid error for tokens that the sequence cannot read: none, one outside the vocabulary, more than the window holds.
func (s *Sequence) Check(tokens []int32) error {
	c := s.m.cfg
	if len(tokens) == 0 {
		return perk.Errorf(perk.EInvalid, op, "no tokens to read")
	}
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

// Mark is a place in a sequence to which Rewind goes back.
type Mark struct {
	n    int
	hist [][]float32
}

// Mark gives the present place.
func (s *Sequence) Mark() Mark {
	m := Mark{n: s.n}
	for _, h := range s.hist {
		m.hist = append(m.hist, slices.Clone(h))
	}
	return m
}

// Rewind forgets the tokens seen since a mark of this sequence, so that one long context is read once and continued many times. A mark lasts until Reset,
// or a Rewind to an earlier one.
func (s *Sequence) Rewind(m Mark) {
	s.n = m.n
	for i, h := range m.hist {
		copy(s.hist[i], h)
	}
}
