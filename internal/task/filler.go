package task

import (
	"iter"
	"math/rand/v2"
	"strings"
	"unicode"
)

// Filler is the text among which facts are hidden.
type Filler interface {
	// Name tells where the text comes from: "novels" or "generated".
	Name() string
	// Sentences walks sentences without end, from a random place; none names a person, place or thing of the tasks.
	Sentences(rng *rand.Rand, s Split) iter.Seq[string]
}

// scatter writes a document of about o.Tokens tokens, never more: the facts in the order given, at sentence boundaries drawn
// uniformly, among filler. Where lines is set each fact stands on its own line.
func scatter(rng *rand.Rand, o Options, facts []string, lines bool) string {
	left := o.Tokens
	for _, f := range facts {
		left -= o.Count(" " + f)
	}
	filler := fill(rng, o, left)
	for {
		text := weave(rng, filler, facts, lines)
		// The parts were counted one by one; a text that starts without a space, or a Count that does not add up, may differ a little.
		if o.Count(text) <= o.Tokens || len(filler) == 0 {
			return text
		}
		last := len(filler) - 1
		if cut := shorter(filler[last]); cut != "" {
			filler[last] = cut
		} else {
			filler = filler[:last]
		}
	}
}

// fill takes filler sentences of up to left tokens in all; the last one is cut at a word so that little is left over.
func fill(rng *rand.Rand, o Options, left int) []string {
	var out []string
	misses := 0
	for s := range o.Filler.Sentences(rng, o.Split) {
		n := o.Count(" " + s)
		for n > left && s != "" {
			if s = shorter(s); s != "" {
				n = o.Count(" " + s)
			}
		}
		if s == "" {
			if misses++; misses > 8 {
				break
			}
			continue
		}
		out = append(out, s)
		if left -= n; left < 2 {
			break
		}
	}
	return out
}

// shorter drops the last word of a sentence and ends it with a full stop; "" when one word was left.
func shorter(s string) string {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return ""
	}
	s = strings.TrimRightFunc(s[:i], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if s == "" {
		return ""
	}
	return s + "."
}

// weave puts every fact into a gap between sentences, drawn uniformly.
func weave(rng *rand.Rand, filler, facts []string, lines bool) string {
	gaps := make([]int, len(filler)+1) // facts to come before filler[i]
	for range facts {
		gaps[rng.IntN(len(gaps))]++
	}
	var b strings.Builder
	sep := ""
	add := func(s string, line bool) {
		if line && b.Len() > 0 {
			sep = "\n"
		}
		b.WriteString(sep)
		b.WriteString(s)
		sep = " "
		if line {
			sep = "\n"
		}
	}
	for i, n := range gaps {
		for range n {
			add(facts[0], lines)
			facts = facts[1:]
		}
		if i < len(filler) {
			add(filler[i], false)
		}
	}
	return b.String()
}

// clashes reports whether a sentence names a person of the bAbI stories or looks like a record.
func clashes(s string) bool {
	for _, name := range persons() {
		if strings.Contains(s, name) {
			return true
		}
	}
	return strings.Contains(s, "Student Id")
}
