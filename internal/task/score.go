package task

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Normalize brings an answer into the form in which SQuAD compares answers: lower case, without ASCII punctuation, without the articles
// a, an and the, with single spaces.
func Normalize(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, strings.ToLower(s))
	words := slices.DeleteFunc(strings.Fields(s), func(w string) bool { return w == "a" || w == "an" || w == "the" })
	return strings.Join(words, " ")
}

// EM is 1 when got equals one of the accepted answers after Normalize, else 0.
func EM(got string, accepted []string) float64 {
	got = Normalize(got)
	for _, a := range accepted {
		if Normalize(a) == got {
			return 1
		}
	}
	return 0
}

// F1 is the best harmonic mean of precision and recall of got's words over the accepted answers, in [0,1]. Two answers without
// words are equal, an answer without words differs from any other.
func F1(got string, accepted []string) float64 {
	best := 0.0
	g := strings.Fields(Normalize(got))
	for _, a := range accepted {
		best = max(best, overlap(g, strings.Fields(Normalize(a))))
	}
	return best
}

func overlap(got, want []string) float64 {
	if len(got) == 0 || len(want) == 0 {
		if len(got) == len(want) {
			return 1
		}
		return 0
	}
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	common := 0
	for _, w := range got {
		if left[w] > 0 {
			left[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(got)+len(want))
}

// ChanceEM is the exact match of somebody who has not read the documents but knows how the answers of each Form are distributed and always gives
// the most frequent one. Cloze questions are left out. It is measured on the episodes given, so it comes out a little
// high for few of them; draw a few thousand questions. It is 0 without questions.
func ChanceEM(episodes []Episode) float64 {
	right, total := 0, 0
	for _, f := range byForm(episodes) {
		right += f.right
		total += f.total
	}
	if total == 0 {
		return 0
	}
	return float64(right) / float64(total)
}

// ChanceByForm is ChanceEM for each Form alone.
func ChanceByForm(episodes []Episode) map[string]float64 {
	out := map[string]float64{}
	for name, f := range byForm(episodes) {
		out[name] = float64(f.right) / float64(f.total)
	}
	return out
}

// tally counts the questions of a form and how many the most frequent answer gets right.
type tally struct{ right, total int }

func byForm(episodes []Episode) map[string]tally {
	answers := map[string]map[string]int{}
	for _, e := range episodes {
		for _, q := range e.Questions {
			if q.Cloze || len(q.Answers) == 0 {
				continue
			}
			if answers[q.Form] == nil {
				answers[q.Form] = map[string]int{}
			}
			answers[q.Form][Normalize(q.Answers[0])]++
		}
	}
	out := map[string]tally{}
	for name, counts := range answers {
		var t tally
		for _, n := range counts {
			t.total += n
		}
		t.right = slices.MaxFunc(slices.Collect(maps.Values(counts)), cmp.Compare[int])
		out[name] = t
	}
	return out
}
