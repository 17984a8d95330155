package lm

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
)

// prefillRows is the number of prompt tokens that a session takes through all layers at once.
const prefillRows = 64

// Session decodes one sequence in float32, with a decoder of its own. Not safe for concurrent use.
type Session struct {
	Sequence
	d    *Decoder
	span [1]Span
	one  [1]int32
}

// NewSession starts an empty sequence under an adapter, nil for the base model. The adapter is kept and must not change meanwhile.
// Errors: EInvalid (an adapter of another model).
func (m *Model) NewSession(ad *lora.Adapter) (*Session, error) {
	w := m.Weights(Float32, nil)
	adapted, err := w.Adapt(ad)
	if err != nil {
		return nil, err
	}
	s := &Session{Sequence: *m.NewSequence(), d: w.NewDecoder(min(prefillRows, m.cfg.Context))}
	s.Sequence.Reset(adapted)
	return s, nil
}

// Reset forgets every token and keeps adapter and memory.
func (s *Session) Reset() { s.Sequence.Reset(s.ad) }

// Prefill reads tokens after those seen and returns the logits (vocab) after the last one, valid until the next call.
// Errors: EInvalid (no tokens, a token outside the vocabulary, more than the window holds; nothing is read then), ECanceled
// (some blocks may be read).
func (s *Session) Prefill(ctx context.Context, tokens []int32) ([]float32, error) {
	if err := s.Check(tokens); err != nil {
		return nil, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, op, err)
		}
		block := tokens[:min(len(tokens), s.d.Rows())]
		if tokens = tokens[len(block):]; len(tokens) == 0 {
			return s.run(block, true), nil
		}
		s.run(block, false)
	}
}

// Step reads one token and returns the logits (vocab) after it, valid until the next call. It does not allocate, but for the
// doublings of the cache. Errors: EInvalid (a token outside the vocabulary, a full window).
func (s *Session) Step(token int32) ([]float32, error) {
	s.one[0] = token
	if err := s.Check(s.one[:]); err != nil {
		return nil, err
	}
	return s.run(s.one[:], true), nil
}

// run takes a block through the model.
func (s *Session) run(block []int32, want bool) []float32 {
	s.span[0] = Span{Sequence: &s.Sequence, Tokens: block, Want: want}
	s.d.Run(s.span[:])
	if !want {
		return nil
	}
	return s.d.Logits(0)
}
