package reasoner

import (
	"context"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// Reading is a context in the model's window, read once and asked about many times: how the baselines of an evaluation answer. Not safe for concurrent use.
type Reading struct {
	r       *Reasoner
	session *lm.Session
	end     lm.Mark
	Took    time.Duration // to read the context
}

// Read reads context tokens, such as those of a document or of passages, under an adapter, nil for the base model alone. Without tokens questions are asked as
// by AskWith. Errors: EInvalid (a context longer than the model's window), ECanceled.
func (r *Reasoner) Read(ctx context.Context, ad *lora.Adapter, context []int32) (*Reading, error) {
	s, err := r.model.NewSession(ad)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if len(context) > 0 {
		if _, err := s.Prefill(ctx, context); err != nil {
			return nil, err
		}
	}
	return &Reading{r: r, session: s, end: s.Mark(), Took: time.Since(start)}, nil
}

// Ask answers a question behind the context; earlier questions are forgotten. The answer carries no confidence: a calibration is of answers from
// memory. Errors: EInvalid (the question, or no room for it in the window), ECanceled.
func (x *Reading) Ask(ctx context.Context, question string, o perk.DecodeOptions) (*perk.Answer, error) {
	prompt, err := x.r.check(question, o)
	if err != nil {
		return nil, err
	}
	x.session.Rewind(x.end)
	a := &perk.Answer{}
	_, err = x.r.tokens(ctx, x.session, a, prompt, o, nil)
	return a, err
}

// Len is the number of tokens in the window after the last answer.
func (x *Reading) Len() int { return x.session.Len() }
