package retrieve_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/tokenizer"
)

var passages = []string{"the cat sat", "the dog, the DOG!", "cat and dog and bird went"}

func near(t *testing.T, got, want []float64) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || math.Abs(got[i]-want[i]) > 1e-9 {
			t.Fatalf("scores %v, want %v", got, want)
		}
	}
}

// By hand: 3, 4 and 6 words, mean 13/3; "dog" is in two of three passages, idf = ln(1 + 1.5/2.5) = ln 1.6; "bird" in one, ln(1 + 2.5/1.5) = ln(8/3).
func TestBM25(t *testing.T) {
	x := retrieve.NewBM25(passages)
	idf := math.Log(1.6)
	norm := func(words float64) float64 { return 1.2 * (0.25 + 0.75*words*3/13) }
	near(t, x.Scores("Dog?"), []float64{0, idf * 2 * 2.2 / (2 + norm(4)), idf * 2.2 / (1 + norm(6))})
	near(t, x.Scores("bird dog dog"), []float64{0, 2 * idf * 2 * 2.2 / (2 + norm(4)), (2*idf + math.Log(8.0/3)) * 2.2 / (1 + norm(6))})
	near(t, x.Scores("unheard of"), []float64{0, 0, 0})
}

// By hand, see the lines.
func TestCosine(t *testing.T) {
	x := retrieve.NewCosine(passages[:2])
	// Two passages: "the" is in both, ln 2; the others are in one, ln 3. "dog" is twice in the second, as is "the".
	l2, l3, twice := math.Log(2), math.Log(3), 1+math.Log(2)
	first := math.Sqrt(l2*l2 + 2*l3*l3)
	second := twice * math.Sqrt(l2*l2+l3*l3)
	near(t, x.Scores("cat"), []float64{l3 / first, 0})
	q := math.Sqrt(l2*l2 + l3*l3)
	near(t, x.Scores("the dog"), []float64{l2 * l2 / first / q, (l2*l2*twice + l3*l3*twice) / second / q})
	near(t, x.Scores("unheard of"), []float64{0, 0})
}

func TestTop(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		k      int
		want   []int
	}{{[]float64{1, 3, 2}, 2, []int{1, 2}}, {[]float64{0, 0, 1, 0}, 2, []int{0, 2}}, {[]float64{1, 2}, 5, []int{0, 1}}, {nil, 3, nil}} {
		if d := cmp.Diff(retrieve.Top(c.scores, c.k), c.want, cmp.Transformer("len", func(x []int) []int { return append([]int{}, x...) })); d != "" {
			t.Errorf("%v: %s", c, d)
		}
	}
}

const text = "Mary went to the garden. John went to the office. Sandra took the milk there. Daniel slept."

func TestDocument(t *testing.T) {
	tok := tokenizer.Train(slices.Values([]string{text}), tokenizer.MinVocab)
	label, _ := tok.Special("<doc>")
	show := func(s retrieve.Settings, question string) string {
		d, err := retrieve.New(text, tok, s)
		if err != nil {
			t.Fatal(err)
		}
		if d.Shared() != (s.Context == retrieve.Whole || s.Passages >= 4) {
			t.Errorf("%+v: shared is %v", s, d.Shared())
		}
		var out []string
		start := -1
		c := d.Context(question)
		if len(c) > s.MostTokens(len(tok.Encode(text))) {
			t.Errorf("%+v: %d tokens, want at most %d", s, len(c), s.MostTokens(len(tok.Encode(text))))
		}
		for i, id := range append(c, label) {
			if id == label {
				if start >= 0 {
					out = append(out, strings.TrimSpace(tok.Decode(c[start:i])))
				}
				start = i + 1
			}
		}
		return strings.Join(out, "|")
	}
	passages := func(k int, by string) retrieve.Settings {
		return retrieve.Settings{Context: retrieve.Retrieved, Passages: k, PassageTokens: 30, Retriever: by}
	}
	for _, c := range []struct {
		name           string
		s              retrieve.Settings
		question, want string
	}{
		{"whole", retrieve.Settings{Context: retrieve.Whole}, "", text},
		{"in the document's order", passages(2, retrieve.ByBM25), "Who took the milk, and where is Mary?", "Mary went to the garden.|Sandra took the milk there."},
		{"by the angle", passages(1, retrieve.ByCosine), "Where is John?", "John went to the office."},
		{"all of a short document", passages(9, retrieve.ByBM25), "", strings.ReplaceAll(text, ". ", ".|")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(c.s, c.question); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := retrieve.New(" ", tok, passages(2, retrieve.ByBM25)); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v of an empty text", err)
	}
}

func TestSettings(t *testing.T) {
	for _, bad := range []retrieve.Settings{{}, {Context: "x"}, {Context: retrieve.Whole, Passages: 1}, {Context: retrieve.Retrieved, PassageTokens: 1, Retriever: retrieve.ByBM25},
		{Context: retrieve.Retrieved, Passages: 1, PassageTokens: 1}} {
		if err := bad.Validate(); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%+v: error %v", bad, err)
		}
	}
}
