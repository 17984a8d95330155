package meta

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// A document is asked about what it does not hold, from a share of the training on, and the answer is the mark; the other questions fit the rest.
func TestForeign(t *testing.T) {
	c, tok := tiny(t)
	c.Tasks = []Share{{Task: "student-recall", Weight: 1}}
	c.Foreign = &Foreign{Questions: 2, From: 0.5}
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	sp := tr.sampler.specials
	nothing := recipe.Prompt{}.Nothing(sp)
	for seed := range uint64(20) {
		for _, done := range []float64{0, 0.5} {
			s, err := tr.sampler.draw(rand.New(rand.NewPCG(seed, 1)), 250, done)
			if err != nil {
				t.Fatal(err)
			}
			var document strings.Builder
			for _, q := range s.sequences {
				if q[0] == sp.Doc {
					document.WriteString(tok.Decode(q[1:]))
				}
			}
			foreign := 0
			for _, a := range s.asks {
				if !slices.Equal(a.tokens[a.answer:], nothing) {
					continue
				}
				foreign++
				if id := strings.TrimRight(a.question[strings.LastIndexByte(strings.TrimSuffix(a.question, "?"), ' ')+1:], "?"); len(id) == 7 && strings.Contains(document.String(), id) {
					t.Errorf("%q is asked of a document that has it", a.question)
				}
			}
			if (foreign > 0) != (done > 0) || foreign > 2 { // fewer than 2 where one is longer than ask_tokens
				t.Errorf("seed %d, %v of the training: %d foreign questions", seed, done, foreign)
			}
			if len(s.asks) > c.Questions || answers(s.asks) > c.Answers {
				t.Errorf("%d questions with %d answer tokens, at most %d and %d fit", len(s.asks), answers(s.asks), c.Questions, c.Answers)
			}
		}
	}
}

// A task with no question that another document cannot answer has none.
func TestForeignWithout(t *testing.T) {
	c, tok := tiny(t)
	c.Tasks, c.Foreign = []Share{{Task: "student-aggregate", Weight: 1}}, &Foreign{Questions: 1}
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tr.sampler.draw(rand.New(rand.NewPCG(1, 1)), 300, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.asks {
		if slices.Equal(a.tokens[a.answer:], recipe.Prompt{}.Nothing(tr.sampler.specials)) {
			t.Errorf("%q is no foreign question", a.question)
		}
	}
}

func TestForeignIsValidated(t *testing.T) {
	for _, f := range []Foreign{{Questions: 0}, {Questions: 99}, {Questions: 1, From: -1}} {
		c, _ := tiny(t)
		if c.Foreign = &f; perk.ErrorCode(c.Validate()) != perk.EInvalid {
			t.Errorf("%+v: %v, want EInvalid", f, c.Validate())
		}
	}
}
