package meta

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Every quotation stands in its prompt, and prompts grow while pretraining goes on.
func TestQuotations(t *testing.T) {
	c, m := trainedModel(t)
	c = readerConfig(c)
	c.Pretrain, c.Answers = 10, 50
	q := newReader(t, c, m, 1).quotations
	if want := 3 * 41; q.longest != want {
		t.Fatalf("prompts of up to %d tokens, want %d", q.longest, want)
	}
	for step, most := range map[float64]int{0: shortestQuoted, 0.4: 32, 1: q.longest} {
		rng, longest := rand.New(rand.NewPCG(1, 1)), 0
		for range 200 {
			n := q.length(rng, step)
			longest = max(longest, n)
			if n < shortestQuoted || n > most {
				t.Fatalf("a prompt of %d tokens after %g of the pretraining, want %d to %d", n, step, shortestQuoted, most)
			}
			s := q.sample(rng, n)
			if got := answers(s.asks); got != min(n, c.Answers) {
				t.Fatalf("%d tokens to answer for a prompt of %d, want %d", got, n, min(n, c.Answers))
			}
			for _, a := range s.asks {
				if quoted := a.tokens[1:]; a.tokens[0] != q.specials.Ask || a.answer < 2 || !contains(s.readings[0].context[1:], quoted) {
					t.Fatalf("%v from %d is not in %v", a.tokens, a.answer, s.readings[0].context)
				}
			}
		}
		if step > 0 && longest < most/2 {
			t.Errorf("no prompt of more than %d tokens after %g of the pretraining", longest, step)
		}
	}
}

func contains(all, part []int32) bool {
	for i := range len(all) - len(part) + 1 {
		if slices.Equal(all[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
