package reasoner_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// TestBits measures what the answers lose when the shipped model's adapters are stored with fewer bits: the same documents, adapters and questions
// for each width. PERK_BITS_N asks so many questions (1000 for the table of docs/adapter-format.md; without it few, about one task), PERK_BITS_MODEL names
// another model's folder.
func TestBits(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the shipped model some hundred questions")
	}
	files := models.Nano()
	if dir := os.Getenv("PERK_BITS_MODEL"); dir != "" {
		files = models.Path(dir)
	}
	m, err := models.Load(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		task   string
		tokens int
	}
	n, rows := 30, []row{{"babilong-qa1", 512}}
	if s := os.Getenv("PERK_BITS_N"); s != "" {
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		rows = []row{{"babilong-qa1", 1024}, {"student-recall", 512}, {"student-recall", 1024}, {"babilong-qa2", 1024}}
	}
	for _, r := range rows {
		t.Run(r.task+"/"+strconv.Itoa(r.tokens), func(t *testing.T) {
			t.Parallel()
			em, size := exactMatch(t, m, r.task, r.tokens, n)
			for _, bits := range widths {
				t.Logf("%2d bits: %6d bytes, exact match %.3f of %d", bits, size[bits], em[bits], n)
			}
			if em[8] < em[32]-0.05 || size[8] > size[32]/3 {
				t.Errorf("8 bits answer %.3f with %d bytes, exact adapters %.3f with %d", em[8], size[8], em[32], size[32])
			}
		})
	}
}

var widths = []int{32, 8, 7, 6, 5, 4, 3, 2, 1}

// exactMatch gives the share of right answers and the payload's size for each width.
func exactMatch(t *testing.T, m *models.Model, name string, tokens, n int) (em map[int]float64, size map[int]int) {
	t.Helper()
	kind, err := task.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	exact := *m.Recipe
	exact.Bits = lora.RawBits
	enc, err := encoder.New(m.LM, m.Tokenizer, &exact, encoder.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rea, err := reasoner.New(m.LM, m.Tokenizer, &exact, nil, reasoner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := task.Options{Tokens: tokens, Count: m.Tokenizer.Count, Filler: filler(t), Split: task.Eval}
	em, size = map[int]float64{}, map[int]int{}
	for i, asked := 0, 0; asked < n; i++ {
		e, err := kind.Episode(rand.New(rand.NewPCG(11, uint64(i))), o)
		if err != nil {
			t.Fatal(err)
		}
		delta, round, err := enc.Delta(t.Context(), e.Text)
		if err != nil {
			t.Fatal(err)
		}
		questions := e.Questions[:0]
		for _, q := range e.Questions {
			if !q.Cloze && len(questions) < min(5, n-asked) {
				questions = append(questions, q)
			}
		}
		asked += len(questions)
		for _, bits := range widths {
			payload, err := delta.Pack(bits, round)
			if err != nil {
				t.Fatal(err)
			}
			size[bits] = len(payload)
			adapter, err := rea.Load(payload)
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range questions {
				answer, err := rea.AskWith(t.Context(), adapter, q.Question, perk.DecodeOptions{})
				if err != nil {
					t.Fatal(err)
				}
				em[bits] += task.EM(answer.Text, q.Answers) / float64(n)
			}
		}
	}
	return em, size
}

// filler is the novels in $PERK_DATA, else generated text.
func filler(t *testing.T) task.Filler {
	dir := os.Getenv("PERK_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	prose, err := task.OpenProse(filepath.Join(dir, "prose", "english_novels_97.txt.gz"))
	if perk.ErrorCode(err) == perk.ENotFound {
		return task.Generated{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return prose
}
