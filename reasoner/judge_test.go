package reasoner_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/reasoner"
)

// asked is an answer and what was emitted of it.
func (r *room) asked(t *testing.T, least *float64) (*perk.Answer, []string) {
	t.Helper()
	var pieces []string
	q := perk.Question{Document: document("1"), Text: "Where?", Options: perk.DecodeOptions{MinConfidence: least}}
	a, err := r.Ask(t.Context(), q, func(s string) error { pieces = append(pieces, s); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return a, pieces
}

func TestNotInDocument(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	r.teach(t, "1", "Where?", "hall")
	bare, pieces := r.asked(t, nil)
	if bare.Confidence != bare.Probability || bare.MinConfidence != 0 || bare.NotInDocument || len(pieces) < 2 {
		t.Errorf("a recipe without calibration: %+v in %d pieces", bare, len(pieces))
	}

	r.recipe.Calibration = recipetest.Calibration(t)
	confident, _ := r.asked(t, new(0.0))
	if confident.Confidence <= 0 || confident.Confidence >= 1 || confident.Confidence == bare.Confidence {
		t.Fatalf("confidence %v", confident.Confidence)
	}
	for name, c := range map[string]struct {
		recipe float64  // its threshold
		asked  *float64 // what the caller says
		refuse bool
	}{
		"above the recipe's":   {confident.Confidence - .01, nil, false},
		"below the recipe's":   {confident.Confidence + .01, nil, true},
		"switched off":         {confident.Confidence + .01, new(0.0), false},
		"the caller wants all": {confident.Confidence - .01, new(1.0), true},
	} {
		t.Run(name, func(t *testing.T) {
			r.recipe.Calibration.Threshold = c.recipe
			a, pieces := r.asked(t, c.asked)
			want := c.recipe
			if c.asked != nil {
				want = *c.asked
			}
			if a.NotInDocument != c.refuse || a.Text != "hall" || a.MinConfidence != want || a.Confidence != confident.Confidence {
				t.Errorf("%+v", a)
			}
			if c.refuse && (len(pieces) != 0 || a.Reply() != perk.NotInDocument) {
				t.Errorf("refused, but %q was emitted and the reply is %q", pieces, a.Reply())
			}
			if !c.refuse && (strings.Join(pieces, "") != "hall" || a.Reply() != "hall") {
				t.Errorf("emitted %q, reply %q", pieces, a.Reply())
			}
		})
	}

	gone := errors.New("reader is gone")
	r.recipe.Calibration.Threshold = confident.Confidence - .01
	if _, err := r.Ask(t.Context(), perk.Question{Document: document("1"), Text: "Where?"}, func(string) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("emit's error: %v", err)
	}
	cut, err := r.Ask(t.Context(), perk.Question{Document: document("1"), Text: "Where?", Options: perk.DecodeOptions{MaxTokens: 1, MinConfidence: new(1.0)}}, nil)
	if err != nil || cut.Text != "" || cut.NotInDocument || cut.Confidence != 0 {
		t.Errorf("cut off before the answer: %+v, %v; it says nothing about the document", cut, err)
	}
}

// TestSignals holds what is told of an answer to the answer's own probabilities.
func TestSignals(t *testing.T) {
	r := newRoom(t, reasoner.Options{})
	info := r.teach(t, "1", "Is Al in?", "hall", recipe.Fact{Text: "Al go", Reversed: true}, recipe.Fact{Text: "ab"})
	ad, err := r.Load(r.store.items[info.Key].Payload)
	if err != nil {
		t.Fatal(err)
	}
	a, s, err := r.AskSignals(t.Context(), ad, "Is Al in?", perk.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Support) != 2 || s.Facts != 2 || s.Agreement != 1 {
		t.Errorf("%+v, %+v", a, s)
	}
	logs := []float64{s.AnswerMean, s.SupportMean, s.AnswerMin, s.SupportMin}
	if slices.Max(logs) >= 0 || s.AnswerMean < s.AnswerMin || s.SupportMean < s.SupportMin || s.Entropy <= 0 {
		t.Errorf("%+v", s)
	}
	const tokens = len(" hall") + 1 // and </output>
	if p := math.Exp(s.AnswerMean * float64(tokens)); p < a.Probability*.999 || p > a.Probability*1.001 {
		t.Errorf("mean log-probability %v of %d tokens, probability %v", s.AnswerMean, tokens, a.Probability)
	}
	if _, other, err := r.AskSignals(t.Context(), ad, "Is Bo in?", perk.DecodeOptions{}); err != nil || other.Facts > 0 && other.Agreement != 0 {
		t.Errorf("facts about Al agree with a question about Bo: %+v, %v", other, err)
	}
}
