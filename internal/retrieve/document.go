package retrieve

import (
	"slices"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/recipe"
)

// Ranker scores passages for a question. Implementations are safe for concurrent use.
type Ranker interface {
	// Scores gives one score a passage, the higher the better.
	Scores(question string) []float64
}

// Document is a text made ready for prompts.
type Document struct {
	passages [][]int32 // each behind its label; the whole text as the only one where nothing is retrieved
	ranker   Ranker    // nil: all passages
	most     int
}

// New cuts a text and indexes its passages. Errors: EInvalid (settings, a text that is empty or not UTF-8, a tokenizer without special tokens).
func New(text string, tok recipe.Tokenizer, s Settings) (*Document, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	size := s.PassageTokens
	if s.Context == Whole {
		size = max(1, len(text)) // no text has more tokens than bytes
	}
	chunks, err := encoder.Chunk(text, tok, &recipe.Recipe{ChunkTokens: size})
	if err != nil {
		return nil, err
	}
	d := &Document{most: s.Passages}
	texts := make([]string, chunks.Len())
	for i := range texts {
		p := chunks.Sequence(i)
		d.passages = append(d.passages, p)
		texts[i] = tok.Decode(p[1:])
	}
	switch {
	case s.Context == Whole || len(texts) <= s.Passages:
	case s.Retriever == ByCosine:
		d.ranker = NewCosine(texts)
	default:
		d.ranker = NewBM25(texts)
	}
	return d, nil
}

// Shared reports whether every question has the same Context: the document is in it whole.
func (d *Document) Shared() bool { return d.ranker == nil }

// Context gives the tokens that stand before a question: the passages that rank highest, in the order of the document. Of passages that score
// the same the earlier one ranks higher.
func (d *Document) Context(question string) []int32 {
	if d.ranker == nil {
		return slices.Concat(d.passages...)
	}
	var out []int32
	for _, i := range Top(d.ranker.Scores(question), d.most) {
		out = append(out, d.passages[i]...)
	}
	return out
}

// Top gives the indices of the k highest scores, in rising order.
func Top(scores []float64, k int) []int {
	best := make([]int, len(scores))
	for i := range best {
		best[i] = i
	}
	slices.SortStableFunc(best, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	best = best[:min(k, len(best))]
	slices.Sort(best)
	return best
}
