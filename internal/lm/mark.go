package lm

import "slices"

// Mark is a place in a session's sequence to which Rewind goes back.
type Mark struct {
	n    int
	hist [][]float32
}

// Mark gives the present place.
func (s *Session) Mark() Mark {
	m := Mark{n: s.n}
	for _, h := range s.hist {
		m.hist = append(m.hist, slices.Clone(h))
	}
	return m
}

// Rewind forgets the tokens seen since a mark of this session, so that one long context is read once and continued many times. A mark lasts until Reset, or
// a Rewind to an earlier one.
func (s *Session) Rewind(m Mark) {
	s.n = m.n
	for i, h := range m.hist {
		copy(s.hist[i], h)
	}
}
