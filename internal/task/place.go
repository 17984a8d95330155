package task

import (
	"cmp"
	"strings"

	"github.com/perkdb/perk"
)

// Place is a stretch of a document, [Lo,Hi) in shares of its bytes. The zero Place is the whole document.
type Place struct{ Lo, Hi float64 }

func (p Place) anywhere() bool { return p == Place{} }

// holds reports whether a byte of a text of size bytes lies in the place.
func (p Place) holds(offset, size int) bool {
	x := float64(offset) / float64(max(1, size))
	return p.anywhere() || p.Lo <= x && x < p.Hi
}

// filter keeps the questions all of whose facts begin in the place. A cloze question is its own fact; a question without a fact to look for is left out.
func (p Place) filter(text string, all []QA) []QA {
	if p.anywhere() {
		return all
	}
	var out []QA
	for _, q := range all {
		facts := q.Support
		if q.Cloze {
			facts = []Fact{{Text: q.Question}}
		}
		ok := len(facts) > 0
		for _, f := range facts {
			if f.Absent {
				continue
			}
			at := locate(text, cmp.Or(f.Within, f.Text))
			ok = ok && at >= 0 && p.holds(at, len(text))
		}
		if ok {
			out = append(out, q)
		}
	}
	return out
}

// locate gives the offset of a quoted fact in a text, -1 when its parts do not stand there one after the other.
func locate(text, fact string) int {
	first, rest, elided := strings.Cut(fact, perk.Elision)
	for from := 0; ; {
		at := strings.Index(text[from:], first)
		if at < 0 {
			return -1
		}
		from += at
		if !elided || locate(text[from+len(first):], rest) >= 0 {
			return from
		}
		from += len(first)
	}
}

// placed draws until an episode has a question whose facts lie in Options.Place, and takes the support away where it is not wanted.
// Errors: the draw's; EInvalid where no question ever does.
func (o Options) placed(draw func() (Episode, error)) (Episode, error) {
	const tries = 200
	for range tries {
		ep, err := draw()
		if err != nil {
			return ep, err
		}
		if ep.Questions = o.Place.filter(ep.Text, ep.Questions); len(ep.Questions) == 0 {
			continue
		}
		if o.NoSupport {
			for i, q := range ep.Questions {
				if len(q.Support) == 1 && !q.Support[0].Reversed {
					ep.Questions[i].Support = nil
				}
			}
		}
		return ep, nil
	}
	return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "none of %d documents of %d tokens has a question with its facts in [%g,%g)", tries, o.Tokens, o.Place.Lo, o.Place.Hi).
		WithHint("widen Options.Place, or ask for longer documents")
}
