package confidence

import (
	"math"
	"strings"
	"unicode"
)

// Signals are what decoding an answer tells about it. Log-probabilities are the model's own at temperature 1, in nats.
type Signals struct {
	AnswerMean  float64 // mean log-probability of the answer's tokens
	AnswerMin   float64 // of the answer's least probable token
	SupportMean float64 // mean log-probability of the recalled facts' tokens; 0 without facts
	SupportMin  float64 // of their least probable token; 0 without facts
	Facts       int     // recalled facts
	Entropy     float64 // of the distribution from which the answer's first token came, nats
	Agreement   float64 // share of the question's keys that the recalled facts hold; 0 without facts
}

// names lists the inputs of the regression, in the order of vector.
func names() []string {
	return []string{"answer_mean_logit", "answer_min_logit", "support_mean_logit", "support_min_logit", "recalled", "facts", "log_entropy", "agreement"}
}

// vector gives the inputs of the regression. A trained model is sure of most tokens; log-odds and the logarithm of the entropy still tell p = 0.99
// from 0.9999, which log-probabilities and the entropy hardly do.
func (s Signals) vector() []float64 {
	x := []float64{logit(s.AnswerMean), logit(s.AnswerMin), 0, 0, 0, float64(s.Facts), math.Log(s.Entropy + leastEntropy), s.Agreement}
	if s.Facts > 0 { // without facts the signals about them say nothing
		x[2], x[3], x[4] = logit(s.SupportMean), logit(s.SupportMin), 1
	}
	return x
}

// Bounds within which inputs are told apart.
const (
	leastOdds    = 1e-9 // of a probability p, and
	leastRest    = 1e-6 // of 1-p; float32 logits tell no more
	leastEntropy = 1e-4 // nats
)

// logit gives the log-odds of a log-probability.
func logit(logP float64) float64 {
	p := min(max(math.Exp(logP), leastOdds), 1-leastRest)
	return math.Log(p / (1 - p))
}

// leastLog bounds log-probabilities from below: one token that the model held impossible must not outweigh everything else.
const leastLog = -20

// Tokens adds up the probabilities of a run of tokens.
type Tokens struct {
	n        int
	sum, min float64
}

// Add takes the probability of the next token.
func (t *Tokens) Add(p float64) {
	l := max(math.Log(p), leastLog)
	t.n++
	t.sum += l
	t.min = min(t.min, l)
}

// MeanMin gives the mean and the smallest log-probability; 0, 0 without tokens.
func (t *Tokens) MeanMin() (mean, least float64) {
	if t.n == 0 {
		return 0, 0
	}
	return t.sum / float64(t.n), t.min
}

// Agreement is the share of the question's keys that stand in one of the facts, in [0,1]. A key is a word with a digit, or with a capital letter and not the
// first word; in a question without such words it is the longest word, the first one apart. Case does not matter. A fact that was recalled for another key
// than the asked one shows so.
func Agreement(question string, facts []string) float64 {
	keys := keyWords(question)
	if len(keys) == 0 || len(facts) == 0 {
		return 0
	}
	held := map[string]bool{}
	for _, f := range facts {
		for _, w := range words(f) {
			held[strings.ToLower(w)] = true
		}
	}
	n := 0
	for _, k := range keys {
		if held[strings.ToLower(k)] {
			n++
		}
	}
	return float64(n) / float64(len(keys))
}

func keyWords(question string) []string {
	var keys []string
	longest := ""
	for i, w := range words(question) {
		name := i > 0 && strings.ContainsFunc(w, unicode.IsUpper)
		if name || strings.ContainsFunc(w, unicode.IsDigit) {
			keys = append(keys, w)
		}
		if i <= 1 || len(w) > len(longest) {
			longest = w
		}
	}
	if keys == nil && longest != "" {
		keys = []string{longest}
	}
	return keys
}

// words splits at white space and punctuation, so that punctuation at a word does not matter; what joins the parts of a code (PX-12) stays inside it.
func words(s string) []string {
	const joins = "-_/"
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(joins, r)
	}) {
		if w = strings.Trim(w, joins); w != "" {
			out = append(out, w)
		}
	}
	return out
}
