package task

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Types, wordings and words must be apart between the splits, every type must be sound, and there must be enough of everything.
func TestSchemas(t *testing.T) {
	types, asks := map[string]Split{}, map[string]string{}
	for _, split := range []Split{Train, Eval} {
		keys := map[string]bool{}
		for _, s := range schemasOf(split) {
			keys[s.name] = true
		}
		for _, s := range schemasOf(split) {
			if was, dup := types[s.name]; dup {
				t.Errorf("type %s is in %v and %v", s.name, was, split)
			}
			types[s.name] = split
			if len(s.attrs) < 4 || !strings.Contains(s.call, "KEY") {
				t.Errorf("%s: %d attributes, call %q", s.name, len(s.attrs), s.call)
			}
			nouns := map[string]bool{}
			for _, a := range s.attrs {
				what := s.name + "/" + a.noun
				if nouns[a.noun] || a.noun == s.name {
					t.Errorf("%s: the noun is used twice", what)
				}
				nouns[a.noun] = true
				if strings.Count(a.say, "KEY") != 1 || strings.Count(a.say, "VAL") != 1 || strings.Count(a.ask, "KEY") != 1 {
					t.Errorf("%s: KEY and VAL must stand once in %q, KEY in %q", what, a.say, a.ask)
				}
				if x := a.target(); x != "" && !keys[x] {
					t.Errorf("%s names type %q, which its split lacks", what, x)
				}
				if other, dup := asks[s.name+a.ask]; dup {
					t.Errorf("%s and %s ask the same", what, other)
				}
				asks[s.name+a.ask] = what
				for _, name := range braces(s.key + a.value) {
					if _, ok := pools()[name]; !ok && !strings.Contains(" person money date time year hex ", " "+name+" ") {
						t.Errorf("%s: there is no pool %q", what, name)
					}
				}
			}
		}
	}
	if n := len(schemasOf(Eval)); len(types) < 40 || 5*n < len(types) {
		t.Errorf("%d types, %d of them for evaluation", len(types), n)
	}
	for name, list := range map[string][]string{"statements": generalStatements(), "questions": generalQuestions(), "two-hop": hopQuestions(), "reverse": reverseQuestions()} {
		train, eval := wordings(list, Train), wordings(list, Eval)
		if len(train) < 8 || 5*len(eval) < len(list) || len(train)+len(eval) != len(list) {
			t.Errorf("%s: %d wordings for training, %d for evaluation", name, len(train), len(eval))
		}
	}
}

// braces lists the {names} of a pattern.
func braces(pattern string) []string {
	var out []string
	for _, part := range strings.Split(pattern, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		out = append(out, name)
	}
	return out
}

// Words made of two lists never come in both splits.
func TestWordsAreApart(t *testing.T) {
	seen := map[string]Split{}
	for _, split := range []Split{Train, Eval} {
		w := newWriter(rand.New(rand.NewPCG(3, 3)), split)
		for name, pool := range pools() {
			if !strings.Contains(pool, "/") {
				continue
			}
			for range 300 {
				word := fmt.Sprint(name, ":", w.word(name))
				if was, ok := seen[word]; ok && was != split {
					t.Fatalf("%q is in both splits", word)
				}
				seen[word] = split
			}
		}
	}
}
