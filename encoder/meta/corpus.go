package meta

import (
	"iter"
	"math/rand/v2"

	"github.com/perkdb/perk/internal/task"
)

// Sizes of the tokenizer's corpus: half prose, half task text.
const (
	corpusSentences = 40_000
	corpusEpisodes  = 400
)

// Corpus gives the texts that the tokenizer learns from: sentences of the filler corpus and documents, questions and answers of the
// tasks that are trained on.
func Corpus(c *Config, prose task.Filler) iter.Seq[string] {
	return func(yield func(string) bool) {
		rng := rand.New(rand.NewPCG(c.Seed, 0xc0))
		for _, f := range []task.Filler{prose, task.Generated{}} {
			n := 0
			for s := range f.Sentences(rng, task.Train) {
				if n++; n > corpusSentences {
					break
				}
				if !yield(" " + s) {
					return
				}
			}
		}
		words := func(s string) int { return len(s) / 4 }
		seen := map[string]bool{}
		for _, share := range c.Tasks {
			if seen[share.Task] { // a task may join the mixture a second time, with a larger share
				continue
			}
			seen[share.Task] = true
			t, err := task.ByName(share.Task)
			if err != nil {
				return
			}
			for range corpusEpisodes {
				ep, err := t.Episode(rng, task.Options{Tokens: 600, Count: words, Filler: task.Generated{}, Split: task.Train})
				if err != nil {
					continue // too short for this task's story
				}
				if !yield(ep.Text) {
					return
				}
				for _, q := range ep.Questions {
					if !yield(" " + q.Question + "\nAnswer: " + q.Answers[0]) {
						return
					}
				}
			}
		}
	}
}
