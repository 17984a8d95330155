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
	r    *Reasoner
	seq  *lm.Sequence
	end  lm.Mark
	Took time.Duration // to read the context
}

// Read reads context tokens, such as those of a document or of passages, under an adapter, nil for the base model alone. Without tokens questions are asked as
// by AskWith. Errors: EInvalid (a context longer than the model's window), ECanceled.
func (r *Reasoner) Read(ctx context.Context, ad *lora.Adapter, context []int32) (*Reading, error) {
	adapted, err := r.weights.Adapt(ad)
	if err != nil {
		return nil, err
	}
	s := r.weights.NewSequence()
	s.Reset(adapted)
	start := time.Now()
	if len(context) > 0 {
		if err := s.Check(context); err != nil {
			return nil, err
		}
		if err := r.lanes.do(ctx, &job{seq: s, prompt: context}, nil); err != nil {
			return nil, err
		}
	}
	return &Reading{r: r, seq: s, end: s.Mark(), Took: time.Since(start)}, nil
}

// Ask answers a question behind the context; earlier questions are forgotten. The answer carries no confidence: a calibration is of answers from
// memory. Errors: EInvalid (the question, or no room for it in the window), ECanceled.
func (x *Reading) Ask(ctx context.Context, question string, o perk.DecodeOptions) (*perk.Answer, error) {
	prompt, err := x.r.check(question, o)
	if err != nil {
		return nil, err
	}
	x.seq.Rewind(x.end)
	if err := x.seq.Check(prompt); err != nil {
		return nil, err
	}
	a := &perk.Answer{}
	_, err = x.r.tokens(ctx, &job{seq: x.seq, prompt: prompt}, a, o, nil)
	return a, err
}

// Len is the number of tokens in the window after the last answer.
func (x *Reading) Len() int { return x.seq.Len() }
