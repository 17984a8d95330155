package task_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// parsed is an event read back from a document's text alone.
type parsed struct {
	who, verb, what string // verb: "move", "grab" or "drop"; what: place or thing
	number, offset  int
}

var eventRE = regexp.MustCompile(`(Mary|John|Daniel|Sandra) Event (\d+): (\w+) (?:(moved to|went to|went back to|journeyed to|travelled to)|(got|grabbed|took|picked up)|(left|dropped|discarded|put down)) the (\w+)( there)?\.`)

func parseEvents(t testing.TB, text string) []parsed {
	t.Helper()
	var out []parsed
	for _, at := range eventRE.FindAllStringSubmatchIndex(text, -1) {
		m := make([]string, len(at)/2)
		for i := range m {
			if at[2*i] >= 0 {
				m[i] = text[at[2*i]:at[2*i+1]]
			}
		}
		n, err := strconv.Atoi(m[2])
		if err != nil || m[1] != m[3] {
			t.Fatalf("bad event %q", m[0])
		}
		p := parsed{who: m[1], number: n, what: m[7], offset: at[0]}
		switch {
		case m[4] != "":
			p.verb = "move"
		case m[5] != "":
			p.verb = "grab"
		default:
			p.verb = "drop"
		}
		out = append(out, p)
	}
	if n := strings.Count(text, " Event "); n != len(out) {
		t.Fatalf("%d of %d events read", len(out), n)
	}
	return out
}

// resolve answers a question by brute force: it plays EVERY interleaving of the persons' whole event sequences that the world allows, with all
// three things at once, and collects the answers. It shares nothing with the package's rule.
func resolve(t testing.TB, events []parsed, question string) []string {
	byPerson := map[string][]parsed{}
	for _, e := range events {
		byPerson[e.who] = append(byPerson[e.who], e)
	}
	var names []string
	for who, list := range byPerson {
		names = append(names, who)
		slices.SortFunc(list, func(a, b parsed) int { return a.number - b.number })
		for i, e := range list {
			if e.number != i {
				t.Fatalf("%s's events are not numbered from 0 without gap: %v", who, list)
			}
		}
	}
	slices.Sort(names)
	r := &bruteForce{names: names, events: byPerson, question: strings.TrimSuffix(question, "?"), seen: map[string]bool{}, answers: map[string]bool{}}
	r.play(world{done: make([]int, len(names)), at: make([]string, len(names)), path: map[string][]string{}, holder: map[string]string{}}, len(events))
	var out []string
	for a := range r.answers {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}

type world struct {
	done   []int
	at     []string            // person -> place
	path   map[string][]string // thing -> places since it was first taken
	holder map[string]string   // thing -> person
}

type bruteForce struct {
	names         []string
	events        map[string][]parsed
	question      string
	seen, answers map[string]bool
}

func (r *bruteForce) play(w world, left int) {
	// Worlds that agree in this key have the same futures and the same answer to every question.
	key := fmt.Sprint(w.done, w.path, w.holder)
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	if left == 0 {
		r.answers[r.answer(w)] = true
		return
	}
	for i, who := range r.names {
		if w.done[i] == len(r.events[who]) {
			continue
		}
		if next, ok := w.after(i, r.events[who][w.done[i]]); ok {
			r.play(next, left-1)
		}
	}
}

// after gives the world after an event, or false when it cannot happen now.
func (w world) after(i int, e parsed) (world, bool) {
	n := world{done: slices.Clone(w.done), at: slices.Clone(w.at), path: map[string][]string{}, holder: map[string]string{}}
	for k, v := range w.path {
		n.path[k] = slices.Clone(v)
	}
	for k, v := range w.holder {
		n.holder[k] = v
	}
	n.done[i]++
	reach := func(thing string) {
		if p := n.path[thing]; len(p) == 0 || p[len(p)-1] != n.at[i] {
			n.path[thing] = append(p, n.at[i])
		}
	}
	switch e.verb {
	case "move":
		n.at[i] = e.what
		for thing, holder := range n.holder {
			if holder == e.who {
				reach(thing)
			}
		}
	case "grab":
		p := n.path[e.what]
		if _, held := n.holder[e.what]; held || len(p) > 0 && p[len(p)-1] != n.at[i] {
			return n, false
		}
		n.holder[e.what] = e.who
		reach(e.what)
	case "drop":
		if n.holder[e.what] != e.who {
			return n, false
		}
		delete(n.holder, e.what)
	}
	return n, true
}

func (r *bruteForce) answer(w world) string {
	var thing, place string
	if n, _ := fmt.Sscanf(r.question, "Where was the %s before the %s", &thing, &place); n == 2 {
		p := w.path[thing]
		for i := len(p) - 1; i > 0; i-- {
			if p[i] == place {
				return p[i-1]
			}
		}
		return "nowhere"
	}
	if n, _ := fmt.Sscanf(r.question, "Where is the %s", &thing); n == 1 {
		if p := w.path[thing]; len(p) > 0 {
			return p[len(p)-1]
		}
		return "nowhere"
	}
	who := strings.TrimPrefix(r.question, "Where is ")
	return w.at[slices.Index(r.names, who)]
}

// Every answer must be the one that every consistent interleaving of the text's events gives.
func TestBabilongResolvable(t *testing.T) {
	n := seeds(400, 50)
	checked, multi := uint64(0), uint64(0)
	for _, name := range []string{"babilong-qa1", "babilong-qa2", "babilong-qa3"} {
		for seed := range n {
			o := options(1024, task.Split(seed%2))
			if name == "babilong-qa3" {
				o.Tokens = 400 // shorter stories, or brute force takes long
			}
			ep := draw(t, name, seed, o)
			events := parseEvents(t, ep.Text)
			if len(events) > 24 {
				continue
			}
			touchers := map[string]map[string]bool{} // thing -> persons
			for _, e := range events {
				if e.verb != "move" {
					if touchers[e.what] == nil {
						touchers[e.what] = map[string]bool{}
					}
					touchers[e.what][e.who] = true
				}
			}
			for _, q := range ep.Questions {
				if got := resolve(t, events, q.Question); len(got) != 1 || got[0] != q.Answers[0] {
					t.Errorf("%s, seed %d: %q answered %q, the text gives %q", name, seed, q.Question, q.Answers, got)
				}
				for thing, by := range touchers {
					if len(by) > 1 && strings.Contains(q.Question, thing) {
						multi++
					}
				}
				checked++
			}
		}
	}
	t.Logf("%d questions checked, %d about a thing that changed hands", checked, multi)
	if checked < 2*n || multi < n/12 {
		t.Errorf("only %d questions checked, %d about a thing that changed hands", checked, multi)
	}
}

// The support of a question must hold what decides: qa1 names the answer; qa2 and qa3 name the carrier and walk back number by number, past the last
// touch and the walk to the answer.
func TestBabilongSupport(t *testing.T) {
	for _, name := range []string{"babilong-qa1", "babilong-qa2", "babilong-qa3"} {
		for seed := range seeds(40, 10) {
			for _, q := range draw(t, name, seed, options(1024, task.Train)).Questions {
				walk := q.Support
				if name != "babilong-qa1" {
					touch := parseEvents(t, walk[0].Within)[0]
					if want := touch.who + perk.Elision + "the " + touch.what; walk[0].Text != want || !walk[0].Reversed {
						t.Errorf("%s: first fact %+v, want %q reversed", name, walk[0], want)
					}
					if !slices.ContainsFunc(walk[1:], func(f task.Fact) bool { return f.Within == walk[0].Within }) {
						t.Errorf("%s: %q does not walk past %q: %v", name, q.Question, walk[0].Within, walk)
					}
					walk = walk[1:]
				}
				if !slices.ContainsFunc(walk, func(f task.Fact) bool {
					return !f.Reversed && strings.HasSuffix(strings.TrimSuffix(f.Text, "."), " the "+q.Answers[0])
				}) {
					t.Errorf("%s: %q %q does not pass the walk to the answer: %v", name, q.Question, q.Answers, q.Support)
				}
				matches := 0
				for i, f := range walk {
					if f.Match {
						matches++
						if place := " the " + strings.TrimSuffix(q.Question[strings.LastIndex(q.Question, " ")+1:], "?"); !strings.HasSuffix(f.Text, place) {
							t.Errorf("%q: %+v is no walk to the place that is asked for", q.Question, f)
						}
					}
					if i == 0 {
						continue
					}
					if e, before := parseEvents(t, f.Within)[0], parseEvents(t, walk[i-1].Within)[0]; e.number != before.number-1 || e.who != before.who {
						t.Errorf("%q does not walk back: %v", q.Question, q.Support)
					}
				}
				if want := map[string]int{"babilong-qa3": 1}[name]; matches != want {
					t.Errorf("%s: %d of the facts match, want %d: %+v", name, matches, want, walk)
				}
			}
		}
	}
}

// Probes come from the end of the scale on, one a value, to the first that a record has; the document holds none of them.
func TestAggregateProbes(t *testing.T) {
	for seed := range seeds(40, 10) {
		ep := draw(t, "student-aggregate", seed, options(600, task.Train))
		for _, q := range ep.Questions {
			if q.Form == "average" {
				continue
			}
			last := q.Support[len(q.Support)-1]
			if !strings.Contains(ep.Text, last.Text) || !strings.HasSuffix(last.Text, " "+q.Answers[0]+".") || last.Absent {
				t.Errorf("%s is %s, but its support ends in %+v", q.Form, q.Answers[0], last)
			}
			value, step := 100, -1
			if q.Form == "lowest" {
				value, step = 0, 1
			}
			for _, f := range q.Support[:len(q.Support)-1] {
				if f.Text != fmt.Sprintf(", Grade: %d.", value) || !f.Absent || strings.Contains(ep.Text, f.Text) {
					t.Errorf("%s of %s: probe %+v, want one of %d", q.Form, q.Answers[0], f, value)
				}
				value += step
			}
			if q.Answers[0] != strconv.Itoa(value) {
				t.Errorf("%s is %s, the probes end before %d", q.Form, q.Answers[0], value)
			}
		}
	}
}
