package meta

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/internal/tokenizer"
)

// shipped is a trainer of the shipped recipe, with a tokenizer of generated text.
func shipped(t testing.TB, change func(*Config)) *Trainer {
	t.Helper()
	text, err := os.ReadFile("../../models/perk-nano/train.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseConfig(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	tok := tokenizer.Train(slices.Values(slices.Collect(Corpus(c, task.Generated{}))), c.Model.Vocab)
	c.Model.Vocab = tok.VocabSize()
	if change != nil {
		change(c)
	}
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func drawn(t testing.TB, tr *Trainer, tokens int) *sample {
	t.Helper()
	s, err := tr.sampler.draw(rand.New(rand.NewPCG(1, 1)), tokens, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// BenchmarkEpisode times one document of the shipped recipe: write, questions and the outer gradient through both.
func BenchmarkEpisode(b *testing.B) {
	for _, precision := range []encoder.Precision{encoder.Float32, encoder.BFloat16} {
		tr := shipped(b, func(c *Config) { c.Precision = precision })
		for _, tokens := range []int{256, 1024, 8192} {
			b.Run(fmt.Sprintf("precision=%s/tokens=%d", precision, tokens), func(b *testing.B) {
				s := drawn(b, tr, tokens)
				e, err := newEpisode[float32](tr.c, tr.base, tr.params, groupSequences)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := e.run(b.Context(), s); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(tokens*b.N)/b.Elapsed().Seconds(), "tokens/s")
				b.ReportMetric(float64(e.pool.Floats())*4/1e6, "pool-MB")
				b.ReportMetric(float64(len(e.open(s).groups)), "groups")
			})
		}
	}
}
