package task_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/internal/tokenizer"
)

// testTokenizer is a small real tokenizer, learned from generated text and a few episodes.
var testTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	return tokenizer.Train(func(yield func(string) bool) {
		rng := rand.New(rand.NewPCG(1, 2))
		n := 0
		for s := range (task.Generated{}).Sentences(rng, task.Train) {
			if n++; n > 4000 || !yield(" "+s) {
				break
			}
		}
		words := func(s string) int { return len(strings.Fields(s)) }
		for _, name := range task.Names() {
			t, err := task.ByName(name)
			if err != nil {
				panic(err)
			}
			for range 20 {
				ep, err := t.Episode(rng, task.Options{Tokens: 600, Count: words, Filler: task.Generated{}})
				if err != nil {
					panic(err)
				}
				if !yield(ep.Text) {
					return
				}
			}
		}
	}, 1024)
})

func options(tokens int, s task.Split) task.Options {
	return task.Options{Tokens: tokens, Count: testTokenizer().Count, Filler: task.Generated{}, Split: s}
}

func draw(t testing.TB, name string, seed uint64, o task.Options) task.Episode {
	t.Helper()
	tk, err := task.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	ep, err := tk.Episode(rand.New(rand.NewPCG(seed, 7)), o)
	if err != nil {
		t.Fatalf("%s, seed %d: %v", name, seed, err)
	}
	return ep
}

func TestEpisodes(t *testing.T) {
	n := seeds(10, 4)
	for _, name := range task.Names() {
		for _, split := range []task.Split{task.Train, task.Eval} {
			for _, tokens := range []int{300, 512, 1024, 4096} {
				if testing.Short() && tokens > 1024 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%v/%d", name, split, tokens), func(t *testing.T) {
					for seed := range n {
						o := options(tokens, split)
						ep := draw(t, name, seed, o)
						least := tokens * 98 / 100
						if tokens < 512 && strings.HasPrefix(name, "student") && !strings.HasSuffix(name, "filler") {
							least = tokens * 94 / 100 // five or six whole records
						}
						if name == "key-value" {
							least = tokens - 80 // a pair is never cut
						}
						if got := o.Count(ep.Text); got > tokens || got < least {
							t.Errorf("seed %d: %d tokens, want %d to %d", seed, got, least, tokens)
						}
						if ep.Task != name || !strings.HasPrefix(ep.ID, name) || len(ep.Questions) == 0 {
							t.Errorf("seed %d: task %q, id %q, %d questions", seed, ep.Task, ep.ID, len(ep.Questions))
						}
						for _, q := range ep.Questions {
							if q.Question == "" || len(q.Answers) == 0 || q.Answers[0] == "" || q.Form == "" {
								t.Errorf("seed %d: incomplete question %+v", seed, q)
							}
							for _, f := range q.Support {
								if quotes(ep.Text, f.Text) == f.Absent {
									t.Errorf("seed %d: support %q absent: %v, which the text belies", seed, f.Text, f.Absent)
								}
							}
						}
						if diff := cmp.Diff(ep, draw(t, name, seed, o)); diff != "" {
							t.Errorf("seed %d: drawn twice:\n%s", seed, diff)
						}
						if other := draw(t, name, seed+1000, o); other.Text == ep.Text || other.ID == ep.ID {
							t.Errorf("seeds %d and %d give the same episode", seed, seed+1000)
						}
					}
				})
			}
		}
	}
}

// quotes tells whether a text has a fact's parts one after the other.
func quotes(text, fact string) bool {
	first, rest, elided := strings.Cut(fact, perk.Elision)
	for {
		_, after, ok := strings.Cut(text, first)
		if !ok || !elided {
			return ok
		}
		if quotes(after, rest) {
			return true
		}
		text = after
	}
}

// What one look-up answers is told without support; what has to be compared or followed keeps it.
func TestNoSupport(t *testing.T) {
	one := []string{"recall", "grade", "name", "year", "school", "major", "highest", "lowest"}
	kept := 0
	for _, name := range []string{"student-recall", "student-relation", "student-aggregate", "facts", "facts-invented"} {
		o := options(1024, task.Train)
		o.NoSupport = true
		for seed := range uint64(4) {
			for _, q := range draw(t, name, seed, o).Questions {
				if slices.Contains(one, q.Form) && len(q.Support) == 1 && !q.Support[0].Reversed {
					t.Errorf("%s: %q has support", name, q.Question)
				}
				kept += len(q.Support)
			}
		}
	}
	if kept == 0 {
		t.Error("no question keeps its support")
	}
}

// A Count that does not add up (a whole text costs more than its parts) must still never be exceeded.
func TestCountThatDoesNotAddUp(t *testing.T) {
	count := func(s string) int { return (len(s) + len(s)*len(s)/40000) / 4 }
	for _, name := range task.Names() {
		ep := draw(t, name, 1, task.Options{Tokens: 1200, Count: count, Filler: task.Generated{}})
		if n := count(ep.Text); n > 1200 {
			t.Errorf("%s: %d tokens, want at most 1200", name, n)
		}
	}
}

func TestBadOptions(t *testing.T) {
	good := options(1024, task.Train)
	for what, change := range map[string]func(*task.Options){
		"no count":  func(o *task.Options) { o.Count = nil },
		"no tokens": func(o *task.Options) { o.Tokens = 0 },
		"too few":   func(o *task.Options) { o.Tokens = 3 },
	} {
		for _, name := range task.Names() {
			o := good
			change(&o)
			tk, _ := task.ByName(name)
			if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), o); perk.ErrorCode(err) != perk.EInvalid {
				t.Errorf("%s, %s: error %v, want EInvalid", name, what, err)
			}
		}
	}
	noFiller := good
	noFiller.Filler = nil
	tk, _ := task.ByName("facts")
	if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), noFiller); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("no filler: error %v, want EInvalid", err)
	}
	if _, err := task.ByName("nonsense"); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("unknown task: error %v, want EInvalid", err)
	}
}

// Facts must lie anywhere: the first event's place, as a share of the text, is uniform over ten bins.
func TestFactsAreSpreadEvenly(t *testing.T) {
	var bins [10]int
	n := 0
	for seed := range seeds(150, 50) {
		ep := draw(t, "babilong-qa1", seed, options(2048, task.Train))
		for _, e := range parseEvents(t, ep.Text) {
			bins[min(9, 10*e.offset/len(ep.Text))]++
			n++
		}
	}
	for i, b := range bins {
		if share := float64(b) / float64(n); share < 0.05 || share > 0.16 {
			t.Errorf("bin %d holds %.2f of %d facts, want about 0.10", i, share, n)
		}
	}
}

func TestSample(t *testing.T) {
	count := testTokenizer().Count
	got, err := task.Sample(5, 13, nil, count)
	if err != nil {
		t.Fatal(err)
	}
	again, err := task.Sample(5, 13, nil, count)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("drawn twice:\n%s", diff)
	}
	kinds, ids := map[string]int{}, map[string]bool{}
	for _, ep := range got {
		kinds[ep.Task]++
		ids[ep.ID] = true
		if n := count(ep.Text); n < 1000 || n > 8192 {
			t.Errorf("%s has %d tokens", ep.ID, n)
		}
		if n := len(ep.Questions); n < 2 || n > 3 {
			t.Errorf("%s has %d questions", ep.ID, n)
		}
	}
	if len(ids) != 13 || kinds["babilong-qa1"] != 7 || kinds["student-recall-filler"] != 6 {
		t.Errorf("%d ids, kinds %v", len(ids), kinds)
	}
	if _, err := task.Sample(5, 1, []string{"x"}, count); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("unknown kind: error %v, want EInvalid", err)
	}
}

func TestChance(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 1800 episodes")
	}
	for _, c := range []struct {
		name   string
		lo, hi float64
	}{
		{"babilong-qa1", 1. / 6, .20}, {"babilong-qa2", 1. / 6, .21}, {"babilong-qa3", 1. / 6, .23},
		{"student-recall", .08, .16}, {"student-relation", .5, .56}, {"facts", 0, .02}, {"facts-invented", 0, .02},
	} {
		var eps []task.Episode
		for seed := range uint64(300) {
			eps = append(eps, draw(t, c.name, seed, options(1024, task.Eval)))
		}
		if got := task.ChanceEM(eps); got < c.lo || got > c.hi {
			t.Errorf("%s: chance %.3f, want %.3f to %.3f", c.name, got, c.lo, c.hi)
		}
	}
	if got := task.ChanceEM(nil); got != 0 {
		t.Errorf("no episodes: %v", got)
	}
}

// seeds is how many seeds a test tries, fewer with -short.
func seeds(full, short uint64) uint64 {
	if testing.Short() {
		return short
	}
	return full
}

func BenchmarkEpisode(b *testing.B) {
	for _, name := range task.Names() {
		b.Run("task="+name+"/tokens=1024", func(b *testing.B) {
			tk, _ := task.ByName(name)
			rng := rand.New(rand.NewPCG(1, 1))
			o := options(1024, task.Train)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tk.Episode(rng, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A long list may use up the keys of a type with few of them; the document is then what there is, or holds other types.
func TestFactsLongLists(t *testing.T) {
	for i := range seeds(80, 20) {
		draw(t, []string{"facts", "facts-invented"}[i%2], i/2, options(16384, task.Eval))
	}
}

// Invented types are of words of the filler, other ones in every document, and a filler of a few words makes none.
func TestInventedFacts(t *testing.T) {
	asked := map[string]int{}
	for seed := range uint64(20) {
		for _, q := range draw(t, "facts-invented", seed, options(512, task.Train)).Questions {
			if rest, ok := strings.CutPrefix(q.Question, "Tell me the "); ok {
				noun, _, _ := strings.Cut(rest, " of ")
				asked[noun]++
			}
		}
	}
	if len(asked) < 8 {
		t.Errorf("20 documents have the attributes %v", asked)
	}
	o := options(512, task.Train)
	o.Filler = fewWords{}
	tk, _ := task.ByName("facts-invented")
	if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), o); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("a filler of two words: error %v, want EInvalid", err)
	}
}

type fewWords struct{}

func (fewWords) Name() string { return "few words" }

func (fewWords) Sentences(*rand.Rand, task.Split) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield("Nobody was there.") {
		}
	}
}
