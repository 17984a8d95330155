package retrieve

import (
	"math"
	"strings"
	"unicode"
)

// Constants of BM25 as Robertson and Zaragoza give them ("The Probabilistic Relevance Framework", 2009): the saturation of a term's frequency,
// and how far a passage's length counts.
const (
	k1 = 1.2
	b  = 0.75
)

// posting is how often a word is in a passage.
type posting struct{ passage, count int }

// BM25 ranks passages by the words that they share with a question:
//
//	score = sum over the question's words of idf * f (k1+1) / (f + k1 (1 - b + b |passage|/mean)),  idf = ln(1 + (N - n + 0.5)/(n + 0.5))
//
// with f the word's count in the passage and n the number of passages that have it.
type BM25 struct {
	postings map[string][]posting
	lengths  []float64 // in words
	mean     float64
}

// NewBM25 indexes passages.
func NewBM25(passages []string) *BM25 {
	x := &BM25{postings: map[string][]posting{}, lengths: make([]float64, len(passages))}
	for i, p := range passages {
		for w, n := range counts(p) {
			x.postings[w] = append(x.postings[w], posting{i, n})
			x.lengths[i] += float64(n)
		}
		x.mean += x.lengths[i] / float64(len(passages))
	}
	return x
}

// Scores implements Ranker. A word that the question has twice counts twice.
func (x *BM25) Scores(question string) []float64 {
	out := make([]float64, len(x.lengths))
	for _, w := range words(question) {
		hits := x.postings[w]
		n := float64(len(hits))
		idf := math.Log(1 + (float64(len(out))-n+0.5)/(n+0.5))
		for _, h := range hits {
			f := float64(h.count)
			out[h.passage] += idf * f * (k1 + 1) / (f + k1*(1-b+b*x.lengths[h.passage]/x.mean))
		}
	}
	return out
}

// words gives the runs of letters and digits of a text in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func counts(text string) map[string]int {
	out := map[string]int{}
	for _, w := range words(text) {
		out[w]++
	}
	return out
}
