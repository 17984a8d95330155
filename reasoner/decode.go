package reasoner

import (
	"context"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// Reasons for which an answer stopped.
const (
	stoppedEnd    = "end"
	stoppedStop   = "stop"
	stoppedLength = "length"
)

// decode reads the prompt into an empty session and decodes until the reply ends. The context is looked at before every token.
func (r *Reasoner) decode(ctx context.Context, s *lm.Session, prompt []int32, o perk.DecodeOptions, emit func(string) error) (*perk.Answer, error) {
	start := time.Now()
	logits, err := s.Prefill(ctx, prompt)
	if err != nil {
		return nil, err
	}
	limit := r.maxTokens
	if o.MaxTokens > 0 {
		limit = o.MaxTokens
	}
	limit = min(limit, r.model.Config().Context-len(prompt))
	a := &perk.Answer{Probability: 1, Stopped: stoppedLength, Prefill: time.Since(start)}
	pick := newSampler(o, len(logits))
	rep := newReply(r.tok, r.specials, o.Stop, emit)
	start = time.Now()
	answered := false
	for a.Tokens < limit {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "reasoner.Ask", err)
		}
		token, p := pick.pick(logits)
		a.Tokens++
		if rep.answering(token) {
			a.Probability *= p
			answered = true
		}
		stopped, err := rep.add(token)
		if err != nil {
			return nil, perk.E(perk.ErrorCode(err), "reasoner.Ask", err)
		}
		if stopped != "" {
			a.Stopped = stopped
			break
		}
		if a.Tokens == limit {
			break
		}
		if logits, err = s.Step(token); err != nil {
			return nil, err
		}
	}
	if !answered {
		a.Probability = 0 // the reply never came to its answer
	}
	if a.Text, err = rep.finish(); err != nil {
		return nil, perk.E(perk.ErrorCode(err), "reasoner.Ask", err)
	}
	a.Support = rep.support()
	a.Decode = time.Since(start)
	return a, nil
}
