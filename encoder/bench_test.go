package encoder_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

// BenchmarkEncode writes documents with the shipped model: a note and a long text.
func BenchmarkEncode(b *testing.B) {
	for _, tokens := range []int{100, 8192} {
		b.Run(fmt.Sprintf("tokens=%d", tokens), func(b *testing.B) { benchmarkEncode(b, tokens) })
	}
}

func benchmarkEncode(b *testing.B, tokens int) {
	m, err := models.Load(b.Context(), models.Nano())
	if err != nil {
		b.Fatal(err)
	}
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		b.Fatal(err)
	}
	e, err := qa1.Episode(rand.New(rand.NewPCG(1, 0)), task.Options{Tokens: tokens, Count: m.Tokenizer.Count, Filler: task.Generated{}, Split: task.Eval})
	if err != nil {
		b.Fatal(err)
	}
	for _, precision := range []encoder.Precision{encoder.Float32, encoder.BFloat16} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("precision=%s/threads=%d", precision, threads), func(b *testing.B) {
				enc, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: threads, Precision: precision})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				flops, written := 0.0, 0
				for b.Loop() {
					_, s, err := enc.EncodeStats(b.Context(), document(e.Text), nil)
					if err != nil {
						b.Fatal(err)
					}
					flops, written = flops+s.FLOPs, written+s.Tokens
				}
				b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOPS")
				b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
