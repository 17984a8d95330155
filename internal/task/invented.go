package task

import (
	"math/rand/v2"
	"slices"
	"strings"
)

const (
	inventedTypes   = 4   // of a document
	inventedWords   = 48  // different words of the filler that they are made of; a type needs 24 at most
	fillerSentences = 400 // looked at for them, at most
)

// inventTypes makes entity types of words (fillerWords): their names, attributes, wordings and the forms of their values are drawn anew for every document, so that
// nothing but the document and the question tell what is asked for. Their words mean nothing; what can be learned of them is to find what was said with the same words.
func inventTypes(rng *rand.Rand, words []string) []schema {
	in := &inventor{rng: rng, words: slices.Clone(words)}
	out := make([]schema, inventedTypes)
	for i := range out {
		out[i].name = in.noun()
	}
	for i := range out {
		out[i] = in.schema(out[i].name, out)
	}
	return out
}

// fillerWords gives different words of the filler without capitals, inventedWords of them or a few more unless it has fewer.
func fillerWords(rng *rand.Rand, o Options) []string {
	var out []string
	looked := 0
	for s := range o.Filler.Sentences(rng, o.Split) {
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != '\'' && (r < 'A' || r > 'Z') }) {
			if len(w) > 2 && len(w) < 12 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		if looked++; len(out) >= inventedWords || looked == fillerSentences {
			break
		}
	}
	shuffle(rng, out)
	return out
}

// inventor takes words in turn: those of one type differ, those of two may not.
type inventor struct {
	rng   *rand.Rand
	words []string
}

func (in *inventor) word() string {
	w := in.words[0]
	in.words = append(in.words[1:], w)
	return w
}

// noun is a name of one word, or of two one time in three.
func (in *inventor) noun() string {
	if in.rng.IntN(3) == 0 {
		return in.word() + " " + in.word()
	}
	return in.word()
}

func (in *inventor) schema(name string, all []schema) schema {
	s := schema{name: name, key: in.pattern(true), call: one(in.rng, []string{name + " KEY", name + " KEY", "the " + name + " KEY", "KEY"})}
	for range 4 {
		a := attribute{noun: in.noun(), value: in.pattern(false)}
		if other := one(in.rng, all).name; other != name && in.rng.IntN(4) == 0 {
			a.value = ">" + other
		}
		a.say, a.ask = in.wording()
		s.attrs = append(s.attrs, a)
	}
	return s
}

// wording gives a statement of its own and the question that has the same words.
func (in *inventor) wording() (say, ask string) {
	first, second := in.word(), in.word()
	asker := one(in.rng, []string{"What", "Where", "Who", "When", "How", "Which", "For whom", "By what", "How much", "With whom"})
	if in.rng.IntN(3) == 0 {
		return "VAL " + first + " " + second + " KEY.", asker + " " + first + " " + second + " KEY?"
	}
	return "KEY " + first + " " + second + " VAL.", asker + " does KEY " + first + " " + second + "?"
}

// pattern gives the form of keys, which must be many, or of values.
func (in *inventor) pattern(key bool) string {
	codes := "#@?"
	switch in.rng.IntN(6) {
	case 0:
		return one(in.rng, []string{"{person}", "{firm}", "{ship}", "{town}", "{word}", "{product}", "{title}", "{street}", "{brand}"})
	case 1:
		if !key {
			return one(in.rng, []string{"{date}", "{time}", "{colour}", "{department}", "{cargo}", "{animal}", "{plant}", "{dish}", "{topic}", "{fault}"})
		}
		return titleCase(in.word()) + " @##"
	case 2:
		if !key {
			return "@" + strings.Repeat("#", in.rng.IntN(4)) + one(in.rng, []string{"", ".#"}) + " " + in.word()
		}
	case 3:
		if !key {
			return "{filler} {filler}"
		}
		return "{filler}-@#"
	}
	// A code of letters, digits and a mark somewhere.
	b := make([]byte, 4+in.rng.IntN(4))
	for i := range b {
		b[i] = codes[in.rng.IntN(len(codes))]
	}
	if in.rng.IntN(2) == 0 {
		b[1+in.rng.IntN(len(b)-2)] = "-/.: "[in.rng.IntN(5)]
	}
	return string(b)
}
