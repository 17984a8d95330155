package task

// lastTouch finds the event that took or left a thing last, where the text alone tells.
//
// The text gives each person's events in order (by number), but not how the persons' events interleave. An order of the
// touches of one thing is consistent when every person's touches keep their order, a thing is taken only while nobody holds it, left only
// by its holder, and taken only where it was last left (where it lay at first is unknown). lastTouch walks all consistent orders and says
// yes only when the same event is the last in every one of them.
//
// This is sound: an interleaving of the whole story orders the touches of each thing consistently, so the set looked at contains every possible one, and
// after the last touch the thing is where its holder goes (in the order of numbers) or stays where it was left. It leaves out a few
// questions that only the touches of OTHER things would decide.
func lastTouch(events []event, thing int) (event, bool) {
	var touches [4][]event // by person
	total := 0
	for _, e := range events {
		if e.thing == thing {
			touches[e.person] = append(touches[e.person], e)
			total++
		}
	}
	if total == 0 {
		return event{}, false
	}
	const unknown, held = -1, -2
	type state struct {
		done [4]uint8 // touches played, by person
		at   int8     // the thing's place, or unknown, or held (by the one person whose last touch played was a grab)
	}
	seen := map[state]bool{}
	var last *event
	unique := true
	var play func(s state, done int)
	play = func(s state, done int) {
		if seen[s] || !unique {
			return
		}
		seen[s] = true
		for p := range touches {
			i := int(s.done[p])
			if i == len(touches[p]) {
				continue
			}
			e := &touches[p][i]
			next := s
			next.done[p]++
			switch {
			case e.kind == grab && (s.at == unknown || int(s.at) == e.place):
				next.at = held
			case e.kind == drop && s.at == held && i > 0 && holds(touches, s.done) == p:
				next.at = int8(e.place)
			default:
				continue
			}
			if done+1 < total {
				play(next, done+1)
			} else if last == nil {
				last = e
			} else if last != e {
				unique = false
			}
		}
	}
	play(state{at: unknown}, 0)
	if last == nil || !unique {
		return event{}, false
	}
	return *last, true
}

// holds says who has taken the thing and not left it, -1 for nobody.
func holds(touches [4][]event, done [4]uint8) int {
	for p := range touches {
		if n := int(done[p]); n > 0 && touches[p][n-1].kind == grab {
			return p
		}
	}
	return -1
}
