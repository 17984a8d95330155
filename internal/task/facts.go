package task

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/perkdb/perk"
)

// factFamily states facts about things of 1-3 types of people's daily work, in sentences or in records of many surface forms, among filler or as a list.
// Every document holds several entities of a type, so that type and attribute alone do not give the answer away.
type factFamily struct {
	invented bool // types of words of the filler, in place of those of people's daily work
}

func (t factFamily) Name() string {
	if t.invented {
		return "facts-invented"
	}
	return "facts"
}

// Episode draws a list that fills the document, or 4-24 facts among filler. A count that does not add up makes it try again with fewer.
func (t factFamily) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(true); err != nil {
		return Episode{}, err
	}
	return o.placed(func() (Episode, error) { return t.draw(rng, o) })
}

func (t factFamily) draw(rng *rand.Rand, o Options) (Episode, error) {
	ep := Episode{Task: t.Name(), ID: fmt.Sprintf("%s-%016x", t.Name(), rng.Uint64())}
	list := rng.IntN(2) == 0
	budget, wanted := o.Tokens*9/10, 4+rng.IntN(21)
	if list {
		budget, wanted = o.Tokens-max(6, o.Tokens/64), o.Tokens
	}
	for try := 0; try < 20; try++ {
		var d *dossier
		if t.invented {
			words := fillerWords(rng, o)
			if len(words) < inventedWords/2 {
				return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "the filler has %d different words, of which no types of things can be made", len(words)).WithHint("use another filler")
			}
			d = newDossier(rng, o, inventTypes(rng, words))
			d.pools["filler"] = strings.Join(words, "|")
		} else {
			d = newDossier(rng, o, schemasOf(o.Split))
		}
		pieces := d.write(o.Count, budget, wanted, list && rng.IntN(2) == 0)
		if len(pieces) == 0 {
			continue
		}
		text, ok := surround(rng, o, pieces, o.Tokens-o.Count(join(pieces)))
		if !ok {
			budget = budget * 7 / 8
			continue
		}
		ep.Text = text
		ep.Questions = d.questions()
		shuffle(rng, ep.Questions)
		return ep, nil
	}
	return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "no fact fits into %d tokens", o.Tokens).WithHint("ask for longer documents")
}

// write draws entities until the budget of tokens is spent or enough facts are stated, and gives them in the order of the document.
// ownLine puts sentences on lines of their own.
func (d *dossier) write(count func(string) int, budget, wanted int, ownLine bool) []piece {
	var pieces []piece
	used, stated := 0, 0
	for i, misses := 0, 0; stated < wanted && misses < 3; i++ {
		g := d.groups[min(i, len(d.groups)-1)]
		if i >= len(d.groups) {
			g = one(d.rng, d.groups)
		}
		var header string
		if g.form != nil && len(g.table) == 0 {
			header = g.form.header(g.label, g.schema, g.attrs)
		}
		e, lines := d.entity(g)
		if e == nil {
			misses++
			continue
		}
		n := count("\n" + strings.Join(lines, "\n"))
		if header != "" {
			n += count("\n" + header)
		}
		if used+n > budget {
			misses++
			continue
		}
		used, stated = used+n, stated+len(e.facts)
		g.made = append(g.made, e)
		if g.form != nil && g.form.head != "" {
			if header != "" {
				g.table = append(g.table, header)
			}
			g.table = append(g.table, lines...)
			continue
		}
		for _, l := range lines {
			pieces = append(pieces, piece{text: l, line: ownLine || !e.inSentences})
		}
	}
	if d.rng.IntN(2) == 0 {
		shuffle(d.rng, pieces)
	}
	for _, g := range d.groups {
		if len(g.table) > 0 {
			at := d.rng.IntN(len(pieces) + 1)
			pieces = append(pieces[:at], append([]piece{{text: strings.Join(g.table, "\n"), line: true}}, pieces[at:]...)...)
		}
	}
	return pieces
}
