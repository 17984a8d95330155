package reasoner

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// Reasons for which an answer stopped.
const (
	stoppedEnd    = "end"
	stoppedStop   = "stop"
	stoppedLength = "length"
)

// decode reads the prompt under an adapter, decodes until the reply ends and judges the answer. Where the answer may turn out to be none, nothing is emitted
// before that is known.
func (r *Reasoner) decode(ctx context.Context, ad *lm.Adapted, question string, prompt []int32, o perk.DecodeOptions, emit func(string) error) (*perk.Answer, *trace, error) {
	a := &perk.Answer{MinConfidence: r.least(o)}
	late := emit
	if a.MinConfidence > 0 {
		emit = nil
	} else {
		late = nil
	}
	t, err := r.tokens(ctx, &job{adapted: ad, prompt: prompt}, a, o, emit)
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

// tokens decodes a job that has its adapter or sequence and its prompt, and fills what the decoded tokens alone say of an answer.
func (r *Reasoner) tokens(ctx context.Context, j *job, a *perk.Answer, o perk.DecodeOptions, emit func(string) error) (*trace, error) {
	const op = "reasoner.Ask"
	seen := 0
	if j.seq != nil {
		seen = j.seq.Len()
	}
	j.limit = r.maxTokens
	if o.MaxTokens > 0 {
		j.limit = o.MaxTokens
	}
	j.limit = min(j.limit, r.weights.Config().Context-seen-len(j.prompt))
	put := j.mail.put
	if emit == nil {
		put = nil
	}
	j.stopped = stoppedLength
	j.pick, j.rep = newSampler(o), newReply(r.tok, r.specials, o.Stop, put)
	if err := r.lanes.do(ctx, j, emit); err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	j.rep.emit = emit
	var err error
	if a.Text, err = j.rep.finish(); err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	a.Stopped, a.Tokens, a.Support, a.Probability = j.stopped, j.tokens, j.rep.support(), j.rep.trace.product
	a.Prefill, a.Decode = j.read.Sub(j.submitted), j.ended.Sub(j.read)
	return &j.rep.trace, nil
}
