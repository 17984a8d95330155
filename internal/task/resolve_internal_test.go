package task

import "testing"

// The rule on stories about one thing, written as touches: person, G(rab) or D(rop), place. The order given is per person only.
func TestLastTouch(t *testing.T) {
	type touch struct {
		person int
		kind   kind
		place  int
	}
	for _, c := range []struct {
		what string
		in   []touch
		last int // index into in, -1: not known
	}{
		{"nobody touched it", nil, -1},
		{"held", []touch{{0, grab, 1}}, 0},
		{"left", []touch{{0, grab, 1}, {0, drop, 2}}, 1},
		{"the holder comes last", []touch{{1, grab, 2}, {0, grab, 1}, {0, drop, 2}}, 0},
		{"places give the order", []touch{{1, grab, 2}, {1, drop, 3}, {0, grab, 1}, {0, drop, 2}}, 1},
		{"a circle of two", []touch{{0, grab, 1}, {0, drop, 2}, {1, grab, 2}, {1, drop, 1}}, -1},
		{"a circle of two, then held", []touch{{0, grab, 1}, {0, drop, 2}, {1, grab, 2}, {1, drop, 1}, {2, grab, 1}}, 4},
		{"both leave it where they found it", []touch{{0, grab, 1}, {0, drop, 1}, {1, grab, 1}, {1, drop, 1}}, -1},
		{"cannot have happened", []touch{{0, grab, 1}, {1, grab, 1}}, -1},
	} {
		t.Run(c.what, func(t *testing.T) {
			events := []event{{thing: 1, person: 3, kind: grab, place: 5}} // another thing does not matter
			for i, x := range c.in {
				events = append(events, event{thing: 0, person: x.person, kind: x.kind, place: x.place, number: i})
			}
			got, ok := lastTouch(events, 0)
			if ok != (c.last >= 0) || ok && got.number != c.last {
				t.Errorf("got %+v, %v; want touch %d", got, ok, c.last)
			}
		})
	}
}
