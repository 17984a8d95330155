package reasoner_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// TestPrecision measures how many of the shipped model's answers, with the facts that they recall, are those of float32 when matrices are read in fewer
// bits. PERK_PRECISION_N asks so many questions of each task (200 for the figures of docs/benchmarks.md; without it few, about one task).
func TestPrecision(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the shipped model some hundred questions")
	}
	m, err := models.Load(t.Context(), models.Nano())
	if err != nil {
		t.Fatal(err)
	}
	n, names := 30, []string{"babilong-qa1"}
	if s := os.Getenv("PERK_PRECISION_N"); s != "" {
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		names = []string{"babilong-qa1", "babilong-qa2", "student-recall", "student-recall-filler"}
	}
	prose := filler(t)
	enc, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	precisions := []lm.Precision{lm.Float32, lm.BFloat16, lm.Int8}
	var rooms []*reasoner.Reasoner
	for _, p := range precisions {
		rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{Precision: p})
		if err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, rea)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			kind, err := task.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			same, right := make([]int, len(rooms)), make([]float64, len(rooms))
			for i, asked := 0, 0; asked < n; i++ {
				e, err := kind.Episode(rand.New(rand.NewPCG(12, uint64(i))), task.Options{Tokens: 1024, Count: m.Tokenizer.Count, Filler: prose, Split: task.Eval})
				if err != nil {
					t.Fatal(err)
				}
				a, err := enc.Encode(t.Context(), perk.Document{ID: document("1"), Text: e.Text}, nil)
				if err != nil {
					t.Fatal(err)
				}
				adapter, err := rooms[0].Load(a.Payload)
				if err != nil {
					t.Fatal(err)
				}
				for _, q := range e.Questions {
					if q.Cloze || asked == n {
						continue
					}
					asked++
					var exact *perk.Answer
					for r, room := range rooms {
						answer, err := room.AskWith(t.Context(), adapter, q.Question, perk.DecodeOptions{})
						if err != nil {
							t.Fatal(err)
						}
						if r == 0 {
							exact = answer
						}
						if answer.Text == exact.Text {
							same[r]++
						}
						right[r] += task.EM(answer.Text, q.Answers)
					}
				}
			}
			for r, p := range precisions {
				t.Logf("%-8v: %d of %d answers are those of float32; exact match %.3f", p, same[r], n, right[r]/float64(n))
				if same[r] < n*9/10 {
					t.Errorf("%v: %d of %d answers are those of float32", p, same[r], n)
				}
			}
		})
	}
}
