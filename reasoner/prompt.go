package reasoner

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perkdb/perk"
)

// prompt gives the tokens of a question. Errors: EInvalid (empty, not UTF-8, or it leaves no room in the window for an answer).
func (r *Reasoner) prompt(question string) ([]int32, error) {
	const op = "reasoner.Ask"
	if strings.TrimSpace(question) == "" {
		return nil, perk.Errorf(perk.EInvalid, op, "the question is empty")
	}
	if !utf8.ValidString(question) {
		return nil, perk.Errorf(perk.EInvalid, op, "the question is not UTF-8")
	}
	tokens := r.recipe.Prompt.Question(r.tok, r.specials, question)
	if limit := r.weights.Config().Context - 1; len(tokens) > limit {
		return nil, perk.Errorf(perk.EInvalid, op, "the question has %d tokens, at most %d fit the model's window with an answer", len(tokens), limit).
			WithHint("shorten the question")
	}
	return tokens, nil
}

// checkOptions reports an EInvalid error for options that say nothing sensible.
func checkOptions(o perk.DecodeOptions) error {
	const op = "reasoner.Ask"
	switch {
	case o.MaxTokens < 0:
		return perk.Errorf(perk.EInvalid, op, "max_tokens is %d", o.MaxTokens)
	case !(o.Temperature >= 0) || math.IsInf(o.Temperature, 0):
		return perk.Errorf(perk.EInvalid, op, "temperature is %v, want 0 (greedy) or more", o.Temperature)
	case o.TopK < 0:
		return perk.Errorf(perk.EInvalid, op, "top_k is %d", o.TopK)
	case !(o.TopP >= 0 && o.TopP <= 1):
		return perk.Errorf(perk.EInvalid, op, "top_p is %v, want 0 to 1", o.TopP)
	case o.MinConfidence != nil && !(*o.MinConfidence >= 0 && *o.MinConfidence <= 1):
		return perk.Errorf(perk.EInvalid, op, "min_confidence is %v, want 0 (answer always) to 1", *o.MinConfidence)
	case slices.Contains(o.Stop, ""):
		return perk.Errorf(perk.EInvalid, op, "a stop string is empty; every answer would end at once")
	}
	return nil
}
