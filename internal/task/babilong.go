package task

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/perkdb/perk"
)

// babilong hides a bAbI story among filler, its events in random order; only the number of an event says when its person did it.
// hops is the bAbI task: 1, 2 or 3 facts are needed for an answer.
type babilong struct{ hops int }

func (b babilong) Name() string { return fmt.Sprintf("babilong-qa%d", b.hops) }

// Episode draws a story as long as the bAbI ones, whatever the length of the document, but never more than nine tenths of it.
func (b babilong) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(true); err != nil {
		return Episode{}, err
	}
	ep := Episode{Task: b.Name(), ID: fmt.Sprintf("%s-%016x", b.Name(), rng.Uint64())}
	n := b.length(rng)
	for try := range 1000 {
		events := story(rng, b.hops, n)
		tokens := 0
		for _, e := range events {
			tokens += o.Count(" " + e.text)
		}
		if tokens > o.Tokens*9/10 {
			if n--; n == 0 {
				break
			}
			continue
		}
		if ep.Questions = b.questions(events); len(ep.Questions) == 0 {
			if try%50 == 49 {
				n++ // a very short story may have no question at all
			}
			continue
		}
		var asked []Fact
		if !o.Place.anywhere() {
			asked = one(rng, ep.Questions).Support
		}
		facts := make([]piece, len(events))
		for i, j := range rng.Perm(len(events)) {
			facts[i] = piece{text: events[j].text, placed: slices.ContainsFunc(asked, func(f Fact) bool { return f.Text == events[j].text })}
		}
		var ok bool
		if ep.Text, ok = scatter(rng, o, facts); !ok {
			continue
		}
		if ep.Questions = o.Place.filter(ep.Text, ep.Questions); len(ep.Questions) == 0 {
			continue
		}
		shuffle(rng, ep.Questions)
		return ep, nil
	}
	return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "no %s story fits into %d tokens", b.Name(), o.Tokens).WithHint("ask for longer documents")
}

// length draws how many statements come before the question: 2-10 for task 1, 4-30 for task 2, 8-80 for task 3.
func (b babilong) length(rng *rand.Rand) int {
	switch b.hops {
	case 1:
		return 2 * (1 + rng.IntN(5))
	case 2:
		return 2 * (2 + rng.IntN(8) + rng.IntN(7))
	}
	return 2 * (4 + rng.IntN(19) + rng.IntN(19))
}

func (b babilong) questions(events []event) []QA {
	switch b.hops {
	case 1:
		return whereIsPerson(events)
	case 2:
		return whereIsThing(events)
	}
	return whereBefore(events)
}

// whereIsPerson asks for everybody in the story: a person's highest event number is the last walk.
func whereIsPerson(events []event) []QA {
	var out []QA
	for p, name := range persons() {
		if own := eventsOf(events, p); len(own) > 0 {
			last := own[len(own)-1]
			out = append(out, QA{
				Question: "Where is " + name + "?", Answers: []string{places()[last.place]}, Support: []Fact{{Text: last.text}},
				About: []string{name}, Form: "where-is-person",
			})
		}
	}
	return out
}

// whereIsThing asks for every thing whose last touch is known (see lastTouch). The support names who touched it last, which is known only from the
// facts' ends ("the milk"), hence reversed and without the verb: a thing is taken and left by the same person, and a memory that is asked for one verb
// of several gives any of them. Then this person's events walking back one number at a time from the last one, past the touch, to the walk that
// brought the thing where it is. Each step of the walk is one look-up, which is what a memory does well.
func whereIsThing(events []event) []QA {
	var out []QA
	for t, name := range things() {
		last, ok := lastTouch(events, t)
		if !ok {
			continue
		}
		own := eventsOf(events, last.person)
		walk := lastMove(own, carryEnd(last, own))
		out = append(out, QA{
			Question: "Where is the " + name + "?",
			Answers:  []string{places()[own[walk].place]},
			Support:  walkBack(last, own[min(walk, last.number):], nowhere),
			About:    []string{name},
			Form:     "where-is-thing",
		})
	}
	return out
}

// whereBefore asks for every thing whose last touch is known, and every place that it was carried to since it was last taken: where
// was it before it came there for the last time? The support is as in whereIsThing, past the last touch and the place asked for to the place before it.
func whereBefore(events []event) []QA {
	var out []QA
	for t, name := range things() {
		last, ok := lastTouch(events, t)
		if !ok {
			continue
		}
		own := eventsOf(events, last.person)
		end := carryEnd(last, own) // the carry is own[taken:end]
		taken := end - 1
		for own[taken].kind != grab || own[taken].thing != t {
			taken--
		}
		seen := map[int]bool{}
		for i := end - 1; i > taken; i-- {
			if own[i].kind != move || seen[own[i].place] {
				continue
			}
			seen[own[i].place] = true
			before := lastMove(own, i)
			out = append(out, QA{
				Question: fmt.Sprintf("Where was the %s before the %s?", name, places()[own[i].place]),
				Answers:  []string{places()[own[before].place]},
				Support:  walkBack(last, own[min(before, last.number):], i),
				About:    []string{name},
				Form:     "where-before",
			})
		}
	}
	return out
}

// walkBack is the support of a question about a thing: who touched it last, reversed, then a stretch of this person's events, the last one first. That of number asked went to
// the place that the question names.
func walkBack(touch event, stretch []event, asked int) []Fact {
	who := persons()[touch.person] + perk.Elision + "the " + things()[touch.thing]
	out := []Fact{{Text: who, Within: touch.text, Reversed: true}}
	for _, e := range slices.Backward(stretch) {
		out = append(out, Fact{Text: e.quote(), Within: e.text, Match: e.number == asked})
	}
	return out
}

// carryEnd gives where, in the events of the person who touched a thing last, the carry ends: at the drop, or never while it is held.
func carryEnd(last event, own []event) int {
	if last.kind == drop {
		return last.number
	}
	return len(own)
}

// eventsOf gives a person's events; the i-th has number i.
func eventsOf(events []event, person int) []event {
	var out []event
	for _, e := range events {
		if e.person == person {
			out = append(out, e)
		}
	}
	return out
}

// lastMove gives the index of the last walk before own[end]. There is one: everybody walks before touching anything.
func lastMove(own []event, end int) int {
	i := end - 1
	for own[i].kind != move {
		i--
	}
	return i
}

func shuffle[T any](rng *rand.Rand, s []T) {
	rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}
