package reasoner

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/confidence"
)

// trace adds up what the decoded tokens tell about the answer.
type trace struct {
	answer, support confidence.Tokens
	product         float64 // of the probabilities of the answer's tokens and of what ends it
	entropy         float64
	answered        bool // the reply came to its answer
}

// see takes the next token of a reply, of its answer, its support or neither.
func (t *trace) see(answering, supporting bool, d decoded) {
	switch {
	case answering:
		if !t.answered {
			t.answered, t.entropy, t.product = true, d.entropy, 1
		}
		t.answer.Add(d.probability)
		t.product *= d.probability
	case supporting:
		t.support.Add(d.probability)
	}
}

// signals are what is known of an answer without its document.
func (t *trace) signals(question string, support []perk.Fact) confidence.Signals {
	texts := make([]string, len(support))
	for i, f := range support {
		texts[i] = f.Text
	}
	s := confidence.Signals{Facts: len(support), Entropy: t.entropy, Agreement: confidence.Agreement(question, texts)}
	s.AnswerMean, s.AnswerMin = t.answer.MeanMin()
	s.SupportMean, s.SupportMin = t.support.MeanMin()
	return s
}

// least is the smallest confidence that an answer must have.
func (r *Reasoner) least(o perk.DecodeOptions) float64 {
	switch {
	case o.MinConfidence != nil:
		return *o.MinConfidence
	case r.recipe.Calibration != nil:
		return r.recipe.Calibration.Threshold
	}
	return 0
}

// judge sets the answer's confidence and whether it is enough. A reply that was cut off before its answer says nothing about the document.
func (r *Reasoner) judge(a *perk.Answer, t *trace, question string) {
	switch {
	case !t.answered:
		a.Confidence = 0
	case r.recipe.Calibration != nil:
		a.Confidence = r.recipe.Calibration.Confidence(t.signals(question, a.Support))
	default:
		a.Confidence = a.Probability
	}
	a.NotInDocument = a.Confidence < a.MinConfidence && (t.answered || a.Stopped != stoppedLength)
}
