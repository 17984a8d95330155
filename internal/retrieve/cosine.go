package retrieve

import (
	"maps"
	"math"
	"slices"
)

// Cosine ranks passages by the cosine between the TF-IDF vectors of passage and question: a word weighs (1 + ln f) ln(1 + N/n), with f its count
// and n the number of the N passages that have it.
type Cosine struct {
	weights []map[string]float64 // by passage, of length 1
	seen    map[string]int       // passages that have a word
}

// NewCosine indexes passages.
func NewCosine(passages []string) *Cosine {
	x := &Cosine{seen: map[string]int{}}
	all := make([]map[string]int, len(passages))
	for i, p := range passages {
		all[i] = counts(p)
		for w := range all[i] {
			x.seen[w]++
		}
	}
	for _, c := range all {
		x.weights = append(x.weights, x.vector(c, len(passages)))
	}
	return x
}

// vector weighs words and brings the vector to length 1. Words that no passage has are left out.
func (x *Cosine) vector(counts map[string]int, passages int) map[string]float64 {
	out := map[string]float64{}
	sum := 0.0
	for _, w := range slices.Sorted(maps.Keys(counts)) { // sorted: sums must not depend on the map's order
		if n := x.seen[w]; n > 0 {
			v := (1 + math.Log(float64(counts[w]))) * math.Log(1+float64(passages)/float64(n))
			out[w] = v
			sum += v * v
		}
	}
	for w := range out {
		out[w] /= math.Sqrt(sum)
	}
	return out
}

// Scores implements Ranker.
func (x *Cosine) Scores(question string) []float64 {
	q := x.vector(counts(question), len(x.weights))
	sorted := slices.Sorted(maps.Keys(q))
	out := make([]float64, len(x.weights))
	for i, p := range x.weights {
		for _, w := range sorted {
			out[i] += q[w] * p[w]
		}
	}
	return out
}
