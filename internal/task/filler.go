package task

import (
	"iter"
	"math/rand/v2"
	"slices"
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

// piece is a fact or a sentence as it goes into a document. Where line is set it stands on a line of its own, where placed is set in Options.Place.
type piece struct {
	text         string
	line, placed bool
}

// scatter writes a document of about o.Tokens tokens, never more: the facts in the order given (but for those that are placed), at
// sentence boundaries drawn uniformly, among filler. It is false when the facts alone are too many or a place has no boundary.
func scatter(rng *rand.Rand, o Options, facts []piece) (string, bool) {
	left := o.Tokens
	for _, f := range facts {
		left -= o.Count(" " + f.text)
	}
	return surround(rng, o, facts, left)
}

// surround is scatter for facts that leave so many tokens to the filler.
func surround(rng *rand.Rand, o Options, facts []piece, left int) (string, bool) {
	filler := fill(rng, o, left)
	for {
		text, ok := weave(rng, filler, facts, o.Place)
		if !ok {
			return "", false
		}
		// The parts were counted one by one; a text that starts without a space, or a Count that does not add up, may differ a little.
		fits := o.Count(text) <= o.Tokens
		if fits || len(filler) == 0 {
			return text, fits
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
	if left < 2 {
		return nil
	}
	var out []string
	misses := 0
	for s := range o.Filler.Sentences(rng, o.Split) {
		n := o.Count(" " + s)
		for n > left && s != "" {
			// Counting is dear: cut in proportion at once, then word by word.
			if s = shorter(s[:len(s)*min(left+1, n)/n]); s != "" {
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

// weave puts every fact into a gap between sentences, drawn uniformly from those in the fact's place. It is false when there is none.
func weave(rng *rand.Rand, filler []string, facts []piece, place Place) (string, bool) {
	gaps := make([]int, len(filler)+1) // facts to come before filler[i]
	var placed []piece
	size := 0
	for _, f := range facts {
		size += len(f.text) + 1
		if f.placed {
			placed = append(placed, f)
		} else {
			gaps[rng.IntN(len(gaps))]++
		}
	}
	items := make([]piece, 0, len(filler)+len(facts))
	for i, n := range gaps {
		for ; n > 0; facts = facts[1:] {
			if !facts[0].placed {
				items = append(items, facts[0])
				n--
			}
		}
		if i < len(filler) {
			items = append(items, piece{text: filler[i]})
			size += len(filler[i]) + 1
		}
	}
	for _, f := range placed {
		var at []int
		offset := 0
		for i := 0; i <= len(items); i++ {
			if place.holds(offset, size) {
				at = append(at, i)
			}
			if i < len(items) {
				offset += len(items[i].text) + 1
			}
		}
		if len(at) == 0 {
			return "", false
		}
		items = slices.Insert(items, one(rng, at), f)
	}
	return join(items), true
}

// join writes pieces, a space or a newline between them.
func join(items []piece) string {
	var b strings.Builder
	for i, p := range items {
		switch {
		case i == 0:
		case p.line || items[i-1].line:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
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
