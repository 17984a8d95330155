package task

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/perkdb/perk"
)

// factFamily states facts about things of several types among filler: entity, attribute, value, each in one of several wordings. Every
// document holds several entities of a type, so that type and attribute alone do not give the answer away.
type factFamily struct{}

func (factFamily) Name() string { return "facts" }

// Episode draws 2-3 entity types of the split and 4-24 facts, as far as they fit into nine tenths of the document.
func (t factFamily) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(true); err != nil {
		return Episode{}, err
	}
	ep := Episode{Task: t.Name(), ID: fmt.Sprintf("%s-%016x", t.Name(), rng.Uint64())}
	w := newWriter(rng, o.Split)
	var types []schema
	for _, s := range schemas() {
		if s.eval == (o.Split == Eval) {
			types = append(types, s)
		}
	}
	shuffle(rng, types)
	types = types[:2+rng.IntN(2)]
	left, wanted := o.Tokens*9/10, 4+rng.IntN(21)
	var facts []string
	for i := 0; len(facts) < wanted && left > 0; i++ {
		s := types[i%len(types)]
		shuffle(rng, s.attrs)
		key := w.names.fresh(func() string { return w.draw(s.key) })
		for _, a := range s.attrs[:1+rng.IntN(len(s.attrs))] {
			fact, qa := w.fact(s, a, key)
			if left -= o.Count(" " + fact); left < 0 || len(facts) == wanted {
				break
			}
			facts = append(facts, fact)
			if o.NoSupport {
				qa.Support = nil
			}
			ep.Questions = append(ep.Questions, qa)
		}
	}
	if len(facts) == 0 {
		return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "no fact fits into %d tokens", o.Tokens).WithHint("ask for longer documents")
	}
	shuffle(rng, facts)
	ep.Text = scatter(rng, o, facts, false)
	shuffle(rng, ep.Questions)
	return ep, nil
}

// writer draws names, values and wordings.
type writer struct {
	rng   *rand.Rand
	words map[string]string
	names *registrar
}

func newWriter(rng *rand.Rand, split Split) *writer {
	return &writer{rng: rng, words: words(), names: newRegistrar(rng, split, false)}
}

// draw fills a pattern (see schema).
func (w *writer) draw(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '#':
			b.WriteByte('0' + byte(w.rng.IntN(10)))
		case '@':
			b.WriteByte('1' + byte(w.rng.IntN(9)))
		case '?':
			b.WriteByte('A' + byte(w.rng.IntN(26)))
		case '{':
			name, _, _ := strings.Cut(pattern[i+1:], "}")
			i += len(name) + 1
			if name == "person" {
				b.WriteString(w.names.name())
			} else {
				b.WriteString(one(w.rng, strings.Split(w.words[name], "|")))
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fact draws a value and words statement and question independently.
func (w *writer) fact(s schema, a attribute, key string) (string, QA) {
	value := w.draw(a.value)
	put := strings.NewReplacer("NOUN", a.noun, "KEY", key, "VAL", value)
	word := func(general []string, own string) string {
		text := put.Replace(one(w.rng, append(general, own)))
		return strings.ToUpper(text[:1]) + text[1:]
	}
	statement := word(generalStatements(), a.say)
	return statement, QA{
		Question: word(generalQuestions(), a.ask),
		Answers:  []string{value},
		Support:  []Fact{{Text: statement}},
		Form:     s.name + "/" + a.noun,
	}
}

func one[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
