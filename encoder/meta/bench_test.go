package meta

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/internal/tokenizer"
)

// BenchmarkEpisode times one document of the shipped recipe: write, questions and the outer gradient through both.
func BenchmarkEpisode(b *testing.B) {
	text, err := os.ReadFile("../../models/perk-nano/train.json")
	if err != nil {
		b.Fatal(err)
	}
	c, err := ParseConfig(text)
	if err != nil {
		b.Fatal(err)
	}
	tok := tokenizer.Train(slices.Values(slices.Collect(Corpus(1, task.Generated{}))), c.Model.Vocab)
	c.Model.Vocab = tok.VocabSize()
	tr, err := New(c, tok, task.Generated{}, 1)
	if err != nil {
		b.Fatal(err)
	}
	for _, tokens := range []string{"128", "512", "1024"} {
		b.Run("tokens="+tokens, func(b *testing.B) {
			n := map[string]int{"128": 128, "512": 512, "1024": 1024}[tokens]
			s, err := tr.sampler.draw(rand.New(rand.NewPCG(1, 1)), n, 1)
			if err != nil {
				b.Fatal(err)
			}
			e, err := newEpisode[float32](c, tr.params, shapeOf(s), ad.NewPool[float32]())
			if err != nil {
				b.Fatal(err)
			}
			e.load(s)
			b.ReportMetric(float64(e.program.Ops()), "operations")
			for b.Loop() {
				if err := e.program.Run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
