package bpe

import "slices"

// finder finds added tokens in a text.
type finder struct {
	ids     map[string]int32
	lengths [256][]int // by first byte, the longest first
}

func (f *finder) put(a Added) {
	if f.ids == nil {
		f.ids = map[string]int32{}
	}
	f.ids[a.Text] = a.ID
	at := &f.lengths[a.Text[0]]
	if !slices.Contains(*at, len(a.Text)) {
		*at = append(*at, len(a.Text))
		slices.SortFunc(*at, func(a, b int) int { return b - a })
	}
}

// next finds the leftmost token, of those that begin there the longest. Without one, at and end are the length of the text.
func (f *finder) next(text string) (at, end int, id int32) {
	if f.ids == nil {
		return len(text), len(text), 0
	}
	for at = range len(text) {
		for _, n := range f.lengths[text[at]] {
			if n > len(text)-at {
				continue
			}
			if id, ok := f.ids[text[at:at+n]]; ok {
				return at, at + n, id
			}
		}
	}
	return len(text), len(text), 0
}

// cut appends the ids of the tokens found, and what between gives for the text between them.
func (f *finder) cut(out []int32, text string, between func([]int32, string) []int32) []int32 {
	for text != "" {
		at, end, id := f.next(text)
		if at > 0 {
			out = between(out, text[:at])
		}
		if end > at {
			out = append(out, id)
		}
		text = text[end:]
	}
	return out
}
