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

// decode reads the prompt into an empty session, decodes until the reply ends and judges the answer. The context is looked at before every token. Where
// the answer may turn out to be none, nothing is emitted before that is known.
func (r *Reasoner) decode(ctx context.Context, s *lm.Session, question string, prompt []int32, o perk.DecodeOptions, emit func(string) error) (*perk.Answer, *trace, error) {
	a := &perk.Answer{MinConfidence: r.least(o)}
	late := emit
	if a.MinConfidence > 0 {
		emit = nil
	} else {
		late = nil
	}
	t, err := r.tokens(ctx, s, a, prompt, o, emit)
	if err != nil {
		return nil, nil, err
	}
	r.judge(a, t, question)
	if late != nil && !a.NotInDocument && a.Text != "" {
		if err := late(a.Text); err != nil {
			return nil, nil, perk.E(perk.ErrorCode(err), "reasoner.Ask", err)
		}
	}
	return a, t, nil
}

// tokens fills what the decoded tokens alone say of an answer.
func (r *Reasoner) tokens(ctx context.Context, s *lm.Session, a *perk.Answer, prompt []int32, o perk.DecodeOptions, emit func(string) error) (*trace, error) {
	start := time.Now()
	logits, err := s.Prefill(ctx, prompt)
	if err != nil {
		return nil, err
	}
	limit := r.maxTokens
	if o.MaxTokens > 0 {
		limit = o.MaxTokens
	}
	limit = min(limit, r.model.Config().Context-s.Len())
	a.Stopped, a.Prefill = stoppedLength, time.Since(start)
	pick := newSampler(o, len(logits))
	rep := newReply(r.tok, r.specials, o.Stop, emit)
	start = time.Now()
	for a.Tokens < limit {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "reasoner.Ask", err)
		}
		token, p := pick.pick(logits)
		a.Tokens++
		d := decoded{token: token, probability: p}
		if rep.mayAnswer() {
			d.entropy = pick.entropy()
		}
		stopped, err := rep.add(d)
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
	if a.Text, err = rep.finish(); err != nil {
		return nil, perk.E(perk.ErrorCode(err), "reasoner.Ask", err)
	}
	a.Support, a.Probability = rep.support(), rep.trace.product
	a.Decode = time.Since(start)
	return &rep.trace, nil
}
