package task

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// reading is one way to understand a question: the attribute noun of the entity key of a type.
type reading struct {
	s         schema
	key, noun string
}

// understand lists all readings of a question, by every wording and every type of its split; links are followed in the text.
func understand(text, question string, split Split) []reading {
	var out []reading
	match := func(wording string, s schema, then func(key string)) {
		wording = put(wording, "KEY", s.call)
		if before, after, ok := strings.Cut(titleCase(wording), "KEY"); ok && len(question) > len(before)+len(after) &&
			strings.HasPrefix(question, before) && strings.HasSuffix(question, after) {
			key := question[len(before) : len(question)-len(after)]
			if regexp.MustCompile("^" + shape(s.key) + "$").MatchString(key) {
				then(key)
			}
		}
	}
	for _, s := range schemasOf(split) {
		for _, a := range s.attrs {
			for _, w := range append([]string{a.ask}, wordings(generalQuestions(), split)...) {
				match(put(w, "NOUN", a.noun), s, func(key string) { out = append(out, reading{s, key, a.noun}) })
			}
			for _, target := range schemasOf(split) {
				if target.name != a.target() {
					continue
				}
				for _, b := range target.attrs {
					for _, w := range wordings(hopQuestions(), split) {
						match(put(w, "NOUN", b.noun, "LINK", a.noun), s, func(key string) {
							for _, link := range values(text, reading{s, key, a.noun}, shape(target.key), split) {
								out = append(out, reading{target, link, b.noun})
							}
						})
					}
				}
			}
		}
	}
	return out
}

// shape gives a regular expression of what a pattern draws.
func shape(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '#', '@':
			b.WriteString(`\d`)
		case '?':
			b.WriteString(`[A-Z]`)
		case '{':
			name, _, _ := strings.Cut(pattern[i+1:], "}")
			i += len(name) + 1
			switch {
			case name == "person" || strings.Contains(pools()[name], " /"):
				b.WriteString(`(?:The )?[\w']+ \w+`)
			case name == "date":
				b.WriteString(`(?:\d+[-/]\d\d[-/]\d+|\d+ [A-Z][a-z]+ \d{4}|[A-Z][a-z]+ \d+)`)
			case name == "time":
				b.WriteString(`\d+:\d\d`)
			case pools()[name] != "" && !strings.Contains(pools()[name], "/"):
				b.WriteString("(?:" + pools()[name] + ")")
			default:
				b.WriteString(`\w+`)
			}
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return b.String()
}

// values reads from the text what it states of an attribute, each different value once.
func values(text string, r reading, shape string, split Split) []string {
	value := regexp.MustCompile("(?i)^" + shape)
	seen := map[string]bool{}
	var out []string
	add := func(s string) {
		if v := value.FindString(s); v != "" && !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	var attr attribute
	for _, a := range r.s.attrs {
		if a.noun == r.noun {
			attr = a
		}
	}
	call := put(r.s.call, "KEY", r.key)
	for _, say := range append([]string{attr.say}, wordings(generalStatements(), split)...) {
		before, after, _ := strings.Cut(titleCase(put(say, "NOUN", r.noun, "KEY", call)), "VAL")
		sentence := regexp.QuoteMeta(before) + "(?i:(" + shape + "))" + regexp.QuoteMeta(after)
		for _, m := range regexp.MustCompile(sentence).FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
	}
	names := func(s string) string {
		var all []string
		for _, style := range []func(string) string{plainCase, titleCase, snakeCase, camelCase} {
			all = append(all, regexp.QuoteMeta(style(s)))
		}
		return "(?:" + strings.Join(all, "|") + ")"
	}
	form := strings.NewReplacer("TYPE", names(r.s.name), "LABEL", names(r.noun), "KEY", regexp.QuoteMeta(r.key))
	for _, record := range []string{
		`^TYPE: KEY, (?:.*, )?LABEL: `, `^TYPE KEY\n(?:.+\n)*?LABEL: `, `^\{"TYPE": "KEY", (?:.*, )?"LABEL": "`, `^\S.* TYPE "?KEY"? (?:.* )?LABEL="?`,
		`^- TYPE KEY: (?:.*; )?LABEL `, `^- TYPE: KEY\n(?:  .+\n)*?  LABEL: `, `^TYPE KEY \((?:.*, )?LABEL `, `^The TYPE KEY has the LABEL `,
		`^The TYPE KEY has the .*\. Its LABEL is `, `^TYPE KEY, with (?:.*, )?the LABEL `, `^TYPE KEY / LABEL / `, `^TYPE\.KEY\.LABEL = `,
		`^\[TYPE KEY\]\n(?:.+\n)*?LABEL = `, `^TYPE KEY -> LABEL: `, `^TYPE KEY: (?:.*, )?the LABEL is `,
	} {
		for _, at := range regexp.MustCompile("(?m)"+form.Replace(record)).FindAllStringIndex(text, -1) {
			add(text[at[1]:])
		}
	}
	for _, sep := range []string{",", "\t", " | "} {
		column := -1
		for line := range strings.SplitSeq(text, "\n") {
			cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), sep)
			if regexp.MustCompile("^" + names(r.s.name) + "$").MatchString(cells[0]) {
				column = -1
				for i, c := range cells[1:] {
					if regexp.MustCompile("^" + names(r.noun) + "$").MatchString(c) {
						column = i + 1
					}
				}
			} else if column > 0 && column < len(cells) && cells[0] == r.key {
				add(cells[column])
			}
		}
	}
	return out
}

// Whatever reading of a question one takes, and wherever the text speaks of what it asks for, the answer is the one that the episode gives.
func TestFactsResolveFromText(t *testing.T) {
	n := uint64(100)
	if testing.Short() {
		n = 6
	}
	checked := map[string]int{}
	for seed := range n {
		o := Options{Tokens: 700, Count: func(s string) int { return len(s) / 3 }, Filler: Generated{}, Split: Split(seed % 2)}
		ep, err := factFamily{}.Episode(rand.New(rand.NewPCG(seed, 9)), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range ep.Questions {
			if q.Form == "reverse" {
				checkReverse(t, ep, q, o.Split)
				checked[q.Form]++
			}
			if q.Form != "recall" && q.Form != "two-hop" {
				continue
			}
			readings := understand(ep.Text, q.Question, o.Split)
			if len(readings) == 0 {
				t.Errorf("seed %d: nobody understands %q in\n%s", seed, q.Question, ep.Text)
			}
			stated := 0
			for _, r := range readings {
				for _, a := range r.s.attrs {
					if a.noun != r.noun {
						continue
					}
					pattern := a.value
					for _, target := range schemasOf(o.Split) {
						if target.name == a.target() {
							pattern = target.key
						}
					}
					for _, v := range values(ep.Text, r, shape(pattern), o.Split) {
						if stated++; !strings.EqualFold(v, q.Answers[0]) {
							t.Errorf("seed %d: %q is answered %q, but %s %s has the %s %q", seed, q.Question, q.Answers[0], r.s.name, r.key, r.noun, v)
						}
					}
				}
			}
			if stated == 0 {
				t.Errorf("seed %d: the text does not answer %q with %q: %.200v\n%s", seed, q.Question, q.Answers[0], readings, ep.Text)
			}
			checked[q.Form]++
		}
	}
	t.Log(checked)
}

// checkReverse reads the question back and looks at every key that the text has: one of them only may have the value.
func checkReverse(t *testing.T, ep Episode, q QA, split Split) {
	t.Helper()
	understood := false
	for _, s := range schemasOf(split) {
		for _, a := range s.attrs {
			for _, w := range wordings(reverseQuestions(), split) {
				before, after, _ := strings.Cut(titleCase(put(w, "TYPE", s.name, "NOUN", a.noun)), "VAL")
				if titleCase(before+q.About[0]+after) != q.Question {
					continue
				}
				understood = true
				keys := map[string]bool{}
				for _, k := range regexp.MustCompile(`\b`+shape(s.key)+`\b`).FindAllString(ep.Text, -1) {
					keys[k] = true
				}
				if !keys[q.Answers[0]] {
					continue // a word like "At" stuck to a name of two words
				}
				for k := range keys {
					for _, v := range values(ep.Text, reading{s, k, a.noun}, regexp.QuoteMeta(q.About[0])+`(?:\W|$)`, split) {
						if k != q.Answers[0] {
							t.Errorf("%q is answered %q, but %s has %s too", q.Question, q.Answers[0], k, v)
						}
					}
				}
			}
		}
	}
	if !understood {
		t.Errorf("nobody understands %q", q.Question)
	}
}
