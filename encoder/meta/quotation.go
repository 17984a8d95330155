package meta

import (
	"math"
	"math/rand/v2"

	"github.com/perkdb/perk/internal/recipe"
)

// quotations are what a reader's pretraining consists of: a prompt of random tokens, and the beginnings of passages of it to go on with. Finding a place of the
// prompt by its content needs attention that matches a token with the one before a place (induction heads, arXiv 2209.11895). The weights of a memory have
// none, since it never sees the document beside the question, and questions about documents do not form them in thousands of steps: a model that gives any of the
// prompt's values does better than one that knows nothing, and stays there. Here a few hundred steps do (docs/adr/0027).
type quotations struct {
	words    []int32 // tokens to draw from: all that stand for text
	specials recipe.Specials
	longest  int // tokens of a prompt
	answers  int // most tokens of a prompt's quotations that carry a loss
}

const (
	shortestQuoted = 8   // tokens of the first prompts
	longestQuoted  = 512 // of the last ones; longer ones add cost, not skill
	leastQuoted    = 64  // what a shorter prompt counts as in a step's budget: more of them would not fill a sequence
	mostCue        = 3   // tokens that a quotation begins with
	mostQuoted     = 4   // tokens that it goes on with
)

// length draws a step's tokens of a prompt, log-uniformly up to a bound that grows with the share of the pretraining done: attention that spreads over eight tokens
// has a gradient towards the right one, over five hundred none to speak of.
func (q *quotations) length(rng *rand.Rand, done float64) int {
	grown := float64(q.longest) / shortestQuoted
	return int(shortestQuoted * math.Pow(grown, rng.Float64()*min(1, 1.25*done)))
}

// sample draws a prompt of n tokens and quotations of it that go on for as many, or for what answers allow.
func (q *quotations) sample(rng *rand.Rand, n int) *sample {
	prompt := []int32{q.specials.Doc}
	for range n {
		prompt = append(prompt, q.words[rng.IntN(len(q.words))])
	}
	out := &sample{task: "quotations"}
	for left := min(n, q.answers); left > 0; {
		cue, more := 1+rng.IntN(mostCue), 1+rng.IntN(min(left, mostQuoted))
		at := 1 + rng.IntN(n-cue-more+1)
		tokens := append([]int32{q.specials.Ask}, prompt[at:at+cue+more]...)
		out.asks = append(out.asks, ask{tokens: tokens, answer: 1 + cue, output: 1 + cue})
		left -= more
	}
	out.readings = []reading{{prompt, out.asks}}
	return out
}
