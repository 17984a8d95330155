package reasoner_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner"
)

// A question behind a context is answered the same whether other questions were asked before it, and not as without the context.
func TestReading(t *testing.T) {
	m := modelstest.Model(t, 1)
	rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{MaxTokens: 12})
	if err != nil {
		t.Fatal(err)
	}
	context := slices.Concat([]int32{0}, m.Tokenizer.Encode("Mary went to the garden. John went to the office."))
	answer := func(context []int32, questions ...string) *perk.Answer {
		t.Helper()
		x, err := rea.Read(t.Context(), nil, context)
		if err != nil {
			t.Fatal(err)
		}
		var a *perk.Answer
		for _, q := range questions {
			if a, err = x.Ask(t.Context(), q, perk.DecodeOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(context) + a.Tokens; x.Len() < n {
			t.Errorf("%d tokens in the window, want at least %d", x.Len(), n)
		}
		return a
	}
	times := cmpopts.IgnoreFields(perk.Answer{}, "Prefill", "Decode", "Load")
	first := answer(context, "Where is Mary?")
	if d := cmp.Diff(first, answer(context, "Who went to the office?", "Where is Mary?"), times); d != "" {
		t.Error(d)
	}
	if without := answer(nil, "Where is Mary?"); without.Probability == first.Probability {
		t.Error("the context does not matter")
	}
	if _, err := rea.Read(t.Context(), nil, make([]int32, m.LM.Config().Context+1)); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v of a context longer than the window", err)
	}
}
