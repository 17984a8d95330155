package meta

import (
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

func TestPuzzles(t *testing.T) {
	c, tok := tiny(t)
	c.Pretrain, c.Puzzles = 2, 1
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	sp := tr.sampler.specials
	b := newBatch(tr.workers[0].setup, 3, 21)
	tr.puzzles.load(rand.New(rand.NewPCG(1, 1)), sp.Ask, b)
	if b.rows != 3*10 {
		t.Fatalf("%d marks, want 10 in each of 3 sequences of 21 tokens", b.rows)
	}
	matches := 0
	for r := range b.rows {
		at := int(b.at[r])
		want := sp.Fact[0]
		for i := at / b.seq * b.seq; i < at; i++ {
			if b.tokens[i] == b.tokens[at] {
				want = sp.Match[0]
			}
		}
		if b.targets[r] != want || b.tokens[at+1] != want {
			t.Errorf("row %d: target %d, want %d behind token %d of %v", r, b.targets[r], want, at, b.tokens)
		}
		if want == sp.Match[0] {
			matches++
		}
	}
	if matches == 0 || matches == b.rows {
		t.Errorf("%d of %d words have been there", matches, b.rows)
	}
	for r := b.rows; r < len(b.at); r++ {
		if b.targets[r] != -1 {
			t.Fatalf("row %d of the padding has a target", r)
		}
	}
	for range 2 {
		if st, err := tr.Step(t.Context()); err != nil || !(st.Loss > 0) {
			t.Fatalf("%+v, %v", st, err)
		}
	}
}

func TestPuzzlesWantMarks(t *testing.T) {
	tok := recipetest.TextTokenizer(t)
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newPuzzles(tok, sp); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v, want EInvalid", err)
	}
}
