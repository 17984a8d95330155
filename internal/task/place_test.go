package task_test

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// Facts asked for lie in the place; with ten places every bAbI task finds questions, and other facts stay anywhere.
func TestPlace(t *testing.T) {
	for _, name := range []string{"babilong-qa1", "student-recall", "student-recall-filler", "facts", "key-value"} {
		elsewhere := 0
		for bin := range 10 {
			for seed := range seeds(6, 2) {
				o := options(1024, task.Eval)
				o.Place = task.Place{Lo: float64(bin) / 10, Hi: float64(bin+1) / 10}
				ep := draw(t, name, 10*seed+uint64(bin), o)
				if n := o.Count(ep.Text); n > 1024 || n < 930 {
					t.Errorf("%s: %d tokens", name, n)
				}
				for _, q := range ep.Questions {
					if q.Cloze {
						continue
					}
					for _, f := range q.Support {
						first, _, _ := strings.Cut(cmp.Or(f.Within, f.Text), perk.Elision)
						at := strings.Index(ep.Text, first)
						if x := float64(at) / float64(len(ep.Text)); name != "facts" && (x < o.Place.Lo || x >= o.Place.Hi) {
							t.Errorf("%s, bin %d: %q lies at %.3f", name, bin, f.Text, x)
						}
					}
				}
				if name == "babilong-qa1" {
					for _, e := range parseEvents(t, ep.Text) {
						if x := float64(e.offset) / float64(len(ep.Text)); x < o.Place.Lo || x >= o.Place.Hi {
							elsewhere++
						}
					}
				}
			}
		}
		if name == "babilong-qa1" && elsewhere < 30 {
			t.Errorf("only %d events lie outside of their bin", elsewhere)
		}
	}
	for _, p := range []task.Place{{Lo: 0.5, Hi: 0.5}, {Lo: -1, Hi: 1}, {Lo: 0.5, Hi: 2}, {Lo: 0.9, Hi: 0.1}} {
		o := options(1024, task.Eval)
		o.Place = p
		tk, _ := task.ByName("babilong-qa1")
		if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), o); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%v: error %v, want EInvalid", p, err)
		}
	}
}

// The first third is where a model is trained; QA2 and QA3 need all their facts there.
func TestPlaceOfSeveralFacts(t *testing.T) {
	for _, name := range []string{"babilong-qa2", "babilong-qa3"} {
		for seed := range seeds(20, 5) {
			o := options(2048, task.Train)
			o.Place = task.Place{Hi: 1. / 3}
			ep := draw(t, name, seed, o)
			for _, q := range ep.Questions {
				for _, f := range q.Support {
					if x := float64(strings.Index(ep.Text, f.Text)) / float64(len(ep.Text)); x >= 1./3 {
						t.Errorf("%s: %q lies at %.3f", name, f.Text, x)
					}
				}
			}
		}
	}
}

// Similar is the share of keys with a neighbour at one character's distance.
func TestSimilar(t *testing.T) {
	for _, name := range []string{"student-recall", "key-value"} {
		for _, share := range []float64{0, 0.5, 1} {
			near, keys := 0, 0
			for seed := range seeds(10, 4) {
				o := options(2048, task.Eval)
				o.Similar = share
				ids := map[string]bool{}
				for _, q := range draw(t, name, seed, o).Questions {
					for _, id := range q.About {
						ids[id] = true
					}
				}
				for id := range ids {
					keys++
					for other := range ids {
						if distance(id, other) == 1 {
							near++
							break
						}
					}
				}
			}
			if x := float64(near) / float64(keys); share == 0 && x > 0.02 || share > 0 && (x < share*0.6 || x > share+0.35) {
				t.Errorf("%s: %.2f of %d keys are like another, want about %.1f", name, x, keys, share)
			}
		}
	}
	o := options(1024, task.Eval)
	o.Similar = 1.5
	tk, _ := task.ByName("student-recall")
	if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), o); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v, want EInvalid", err)
	}
}

// distance counts the places in which two keys of one length differ.
func distance(a, b string) int {
	n := 0
	for i := 0; i < len(a) && len(a) == len(b); i++ {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
