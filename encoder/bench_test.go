package encoder_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

// BenchmarkEncode writes a document of 8,192 tokens with the shipped model.
func BenchmarkEncode(b *testing.B) {
	m, err := models.Load(b.Context(), models.Nano())
	if err != nil {
		b.Fatal(err)
	}
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		b.Fatal(err)
	}
	e, err := qa1.Episode(rand.New(rand.NewPCG(1, 0)), task.Options{Tokens: 8192, Count: m.Tokenizer.Count, Filler: task.Generated{}, Split: task.Eval})
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
				flops, tokens := 0.0, 0
				for b.Loop() {
					_, s, err := enc.EncodeStats(b.Context(), document(e.Text), nil)
					if err != nil {
						b.Fatal(err)
					}
					flops, tokens = flops+s.FLOPs, tokens+s.Tokens
				}
				b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOPS")
				b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
