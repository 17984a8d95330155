package task

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Tokens of the shortest and the longest document of a sample collection.
const (
	sampleMin = 1024
	sampleMax = 8192
)

// Sample makes a collection of n documents to try perk with, of 1K to 8K tokens by count, with generated filler and 2-3 questions each. kinds names the
// tasks, taken in turn (babilong-qa1 and student-recall-filler when it is empty). The names are of the evaluation split, so
// no model was trained on them. Errors: EInvalid.
func Sample(seed uint64, n int, kinds []string, count func(string) int) ([]Episode, error) {
	if len(kinds) == 0 {
		kinds = []string{"babilong-qa1", "student-recall-filler"}
	}
	rng := rand.New(rand.NewPCG(seed, 0x5a3))
	out := make([]Episode, 0, n)
	for i := range n {
		t, err := ByName(kinds[i%len(kinds)])
		if err != nil {
			return nil, err
		}
		// Lengths rise evenly on a logarithmic scale, so that short and long documents are both met whatever n is.
		share := float64(i) / float64(max(1, n-1))
		tokens := int(math.Round(sampleMin * math.Pow(sampleMax/sampleMin, share)))
		ep, err := sampleOne(t, rng, Options{Tokens: tokens, Count: count, Filler: Generated{}, Split: Eval})
		if err != nil {
			return nil, err
		}
		ep.ID = fmt.Sprintf("sample-%02d-%s", i+1, t.Name())
		out = append(out, ep)
	}
	return out, nil
}

// sampleOne draws until an episode has two questions in words (a bAbI story may have one person only), and keeps at most three.
func sampleOne(t Task, rng *rand.Rand, o Options) (Episode, error) {
	for {
		ep, err := t.Episode(rng, o)
		if err != nil {
			return ep, err
		}
		var keep []QA
		for _, q := range ep.Questions {
			if !q.Cloze && len(keep) < 3 {
				keep = append(keep, q)
			}
		}
		if ep.Questions = keep; len(keep) >= 2 {
			return ep, nil
		}
	}
}
