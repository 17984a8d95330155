package locate_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/locate"
)

func TestFacts(t *testing.T) {
	for name, c := range map[string]struct {
		text, fact   string
		start, count int // count 0: not found
		quote        string
	}{
		"exact":                   {"Rain. Mary went home. Rain.", "Mary went home.", 6, 1, "Mary went home."},
		"whole text":              {"Mary", "Mary", 0, 1, "Mary"},
		"first of several":        {"a b, a b; a b", "a b", 0, 3, "a b"},
		"no overlap":              {"aba aba aba", "aba aba", 0, 1, "aba aba"},
		"behind characters":       {"é日 Mary went", "Mary went", 6, 1, "Mary went"},
		"line break":              {"x Mary\n  went\u00a0home", "Mary went home", 2, 1, "Mary\n  went\u00a0home"},
		"exact before loose":      {"a\nb, a b", "a b", 5, 1, "a b"},
		"white space in the fact": {"x a b y", " a \n b ", 2, 1, "a b"},
		"other words":             {"Mary went home", "Mary goes home", 0, 0, ""},
		"runs into the end":       {"Mary went", "Mary went home", 0, 0, ""},
		"no space between":        {"Marywent", "Mary went", 0, 0, ""},
		"elision":                 {"Id: 7, Name: A, Grade: 85. Id: 8", "Id: 7 ... Grade: 85", 0, 1, "Id: 7, Name: A, Grade: 85"},
		"elision over a line":     {"x Id: 7\nGrade:\n85", "Id: 7 ... Grade: 85", 2, 1, "Id: 7\nGrade:\n85"},
		"another's value":         {"Id: 7, Grade: 84. Id: 8, Grade: 85", "Id: 7 ... Grade: 85", 0, 0, ""},
		"nothing behind elision":  {"Id: 7", "Id: 7 ... ", 0, 0, ""},
		"second of two":           {"Id: 7, Grade: 1. Id: 7, Grade: 2.", "Id: 7 ... Grade: 2", 17, 1, "Id: 7, Grade: 2"},
		"cuts a number":           {"Grade: 87", "Grade: 8", 0, 0, ""},
		"cuts a decimal":          {"Grade: 8.5", "Grade: 8", 0, 0, ""},
		"cuts a thousand":         {"of 1,204 tons", "204 tons", 0, 0, ""},
		"number ends a sentence":  {"Grade: 8. 5 more", "Grade: 8", 0, 1, "Grade: 8"},
		"cuts a word":             {"the hallway, the hall", "the hall", 13, 1, "the hall"},
		"cuts a word's beginning": {"upset", "set", 0, 0, ""},
		"cuts a mark off":         {"cafe\u0301", "cafe", 0, 0, ""},
		"script without spaces":   {"東京に行った", "京に", 3, 1, "京に"},
		"second word elsewhere":   {"a x a\tb", "a b", 4, 1, "a\tb"},
		"empty fact":              {"a", " ", 0, 0, ""},
		"not UTF-8":               {"日", "\xe6", 0, 0, ""},
		"replaced character":      {"日", "\uFFFD", 0, 0, ""},
		"empty text":              {"", "a", 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := []perk.Fact{{Text: c.fact, State: perk.FactNotFound}}
			if c.count > 0 {
				want[0] = perk.Fact{Text: c.fact, State: perk.FactFound, Start: c.start, End: c.start + len(c.quote), Count: c.count, Quote: c.quote}
			}
			got := []perk.Fact{{Text: c.fact, State: perk.FactFound, Start: 7, Count: 7}} // of an older text
			locate.Facts(c.text, got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// FuzzFacts locates any fact in any text: what is found is the fact up to white space, between characters, and a sentence that stands alone is found.
func FuzzFacts(f *testing.F) {
	f.Add("Rain. Mary\nwent home. Rain.", "Mary went home.")
	f.Add("é日\u0301\xff 1,204", "日")
	f.Add("a a a b", "a  a b")
	f.Fuzz(func(t *testing.T, text, fact string) {
		facts := []perk.Fact{{Text: fact}}
		locate.Facts(text, facts)
		got := facts[0]
		if got.State == perk.FactFound {
			if got.Quote != text[got.Start:got.End] || got.Count < 1 || strings.Join(strings.Fields(got.Quote), " ") != strings.Join(strings.Fields(fact), " ") {
				t.Fatalf("%q in %q: %+v", fact, text, got)
			}
			if utf8.ValidString(text) && (!utf8.ValidString(text[:got.Start]) || !utf8.ValidString(got.Quote)) {
				t.Fatalf("%q in %q cuts a character: %+v", fact, text, got)
			}
		}
		first, _ := utf8.DecodeRuneInString(strings.TrimSpace(fact))
		if strings.TrimSpace(fact) == "" || !utf8.ValidString(fact) || unicode.IsMark(first) {
			return
		}
		locate.Facts(text+"\n"+strings.Join(strings.Fields(fact), " \n")+"\n", facts)
		if facts[0].State != perk.FactFound {
			t.Fatalf("%q alone on its lines is not found", fact)
		}
	})
}
