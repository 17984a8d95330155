package task

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// The world of bAbI tasks 1 to 3: four persons, six places, three things.
func persons() []string { return []string{"Mary", "John", "Daniel", "Sandra"} }
func places() []string {
	return []string{"bathroom", "bedroom", "garden", "hallway", "kitchen", "office"}
}
func things() []string { return []string{"apple", "football", "milk"} }

// The verbs of the three kinds of event.
func moves() []string {
	return []string{"moved to", "went to", "went back to", "journeyed to", "travelled to"}
}
func grabs() []string { return []string{"got", "grabbed", "took", "picked up"} }
func drops() []string { return []string{"left", "dropped", "discarded", "put down"} }

type kind byte

const (
	move kind = iota
	grab
	drop
)

// event is something that a person did. Events are numbered per person from 0.
type event struct {
	kind          kind
	person, thing int // thing is -1 for a move
	place         int // where the person is after the event
	number        int
	text          string
}

// tell draws the event's sentence in PERK's form, "Daniel Event 4: Daniel went back to the garden." How often "there" is said follows
// the bAbI files: always with a grab in task 2, else one time in five.
func (e *event) tell(rng *rand.Rand, hops int) {
	what, there := "", ""
	switch e.kind {
	case move:
		what = one(rng, moves()) + " the " + places()[e.place]
	case grab:
		what = one(rng, grabs()) + " the " + things()[e.thing]
	case drop:
		what = one(rng, drops()) + " the " + things()[e.thing]
	}
	if e.kind != move && (e.kind == grab && hops == 2 || rng.IntN(5) == 0) {
		there = " there"
	}
	who := persons()[e.person]
	e.text = fmt.Sprintf("%s Event %d: %s %s%s.", who, e.number, who, what, there)
}

// quote gives the sentence up to its place or thing.
func (e *event) quote() string {
	last := places()[e.place]
	if e.kind != move {
		last = things()[e.thing]
	}
	return e.text[:strings.LastIndex(e.text, last)+len(last)]
}

// nowhere is the place of somebody who has not walked yet, and the holder of a thing that lies.
const nowhere = -1

// touchPercent is how often somebody who could takes or leaves a thing. It is chosen so that about 3 events in 10 do, as in the
// bAbI files of tasks 2 and 3.
const touchPercent = 60

// story plays n events: everybody first walks somewhere; a thing lies in a place that nobody is told until it is taken there.
func story(rng *rand.Rand, hops, n int) []event {
	at := slices.Repeat([]int{nowhere}, len(persons()))
	numbers := make([]int, len(persons()))
	where, holder := make([]int, len(things())), slices.Repeat([]int{nowhere}, len(things()))
	for i := range where {
		where[i] = rng.IntN(len(places()))
	}
	events := make([]event, 0, n)
	for len(events) < n {
		p := rng.IntN(len(persons()))
		e := event{kind: move, person: p, thing: -1, number: numbers[p]}
		if near := reachable(p, at[p], where, holder); hops > 1 && len(near) > 0 && rng.IntN(100) < touchPercent {
			e.thing = one(rng, near)
			if holder[e.thing] == p {
				e.kind, holder[e.thing], where[e.thing] = drop, nowhere, at[p]
			} else {
				e.kind, holder[e.thing] = grab, p
			}
		}
		if e.kind == move {
			to := rng.IntN(len(places()))
			if to == at[p] {
				continue
			}
			at[p] = to
		}
		e.place = at[p]
		numbers[p]++
		e.tell(rng, hops)
		events = append(events, e)
	}
	return events
}

// reachable lists the things that a person holds, or that lie where the person is.
func reachable(person, at int, where, holder []int) []int {
	var out []int
	for t := range where {
		if holder[t] == person || at != nowhere && holder[t] == nowhere && where[t] == at {
			out = append(out, t)
		}
	}
	return out
}
