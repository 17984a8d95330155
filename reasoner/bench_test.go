package reasoner_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// BenchmarkAsk asks the shipped model from several clients, each on an adapter of its own, for answers of 10 tokens.
func BenchmarkAsk(b *testing.B) {
	m, err := models.Load(b.Context(), models.Nano())
	if err != nil {
		b.Fatal(err)
	}
	enc, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{})
	if err != nil {
		b.Fatal(err)
	}
	sample, err := task.Sample(1, 1, []string{"babilong-qa1"}, m.Tokenizer.Count)
	if err != nil {
		b.Fatal(err)
	}
	const most = 64
	store := &memory{items: map[perk.AdapterKey]*perk.Adapter{}}
	a, err := enc.Encode(b.Context(), perk.Document{ID: document("0"), Text: sample[0].Text}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range most {
		c := *a
		c.Key = enc.Key(document(fmt.Sprint(i)))
		store.items[c.Key] = &c
	}
	for _, p := range []lm.Precision{lm.BFloat16, lm.Int8} {
		rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, store, reasoner.Options{Precision: p})
		if err != nil {
			b.Fatal(err)
		}
		for _, clients := range []int{1, 8, most} {
			b.Run(fmt.Sprintf("precision=%v/clients=%d", p, clients), func(b *testing.B) {
				b.ReportAllocs()
				var all sync.WaitGroup
				for c := range clients {
					all.Go(func() {
						q := perk.Question{Document: document(fmt.Sprint(c)), Text: sample[0].Questions[0].Question, Options: perk.DecodeOptions{MaxTokens: 10}}
						for range (b.N + clients - 1 - c) / clients {
							if _, err := rea.Ask(b.Context(), q, nil); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
			})
		}
	}
}

// BenchmarkLoad makes a stored payload of the shipped model ready to answer.
func BenchmarkLoad(b *testing.B) {
	m, err := models.Load(b.Context(), models.Nano())
	if err != nil {
		b.Fatal(err)
	}
	enc, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{})
	if err != nil {
		b.Fatal(err)
	}
	a, err := enc.Encode(b.Context(), perk.Document{ID: document("0"), Text: "Mary went to the kitchen. John went to the garden."}, nil)
	if err != nil {
		b.Fatal(err)
	}
	rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w := m.LM.Weights(lm.Int8, m.Recipe.Init)
	b.SetBytes(a.Bytes)
	b.ReportAllocs()
	for b.Loop() {
		ad, err := rea.Load(a.Payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Adapt(ad); err != nil {
			b.Fatal(err)
		}
	}
}
