package meta

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk"
)

func drilling(t *testing.T, workers int) *Trainer {
	t.Helper()
	c, tok := tiny(t)
	c.Pretrain = 0
	c.Drills = &Drills{Tasks: []Share{{Task: "babilong-qa1", Weight: 1, MaxTokens: 200}}, Groups: 3, Weight: 0.5}
	tr, err := New(c, nil, tok, generated, workers)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// A drill's loss is on what follows from the support, never on what only the document's adapter knows.
func TestDrillScoresConclusions(t *testing.T) {
	tr := drilling(t, 1)
	sp := tr.sampler.specials
	s, err := tr.sampler.drill(rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	q, err := tr.workers[0].program(s.asks)
	if err != nil {
		t.Fatal(err)
	}
	scored := loadDrill(q.tokens, q.at, q.targets, q.weight, s.asks, q.seq, sp)
	r := 0
	for i, a := range s.asks {
		var want []int32
		for at := a.answer + 1; at < len(a.tokens); at++ {
			if v := a.tokens[at]; at >= a.output || v == sp.Doc || v == sp.Rev || v == sp.SupportClose[0] {
				want = append(want, v)
			}
		}
		if got := q.targets[r : r+scored[i]]; !slices.Equal(got, want) || !slices.Contains(got, sp.SupportClose[0]) || !slices.Contains(got, sp.OutputOpen[0]) {
			t.Errorf("question %d: a loss on %v, want %v", i, got, want)
		}
		r += scored[i]
	}
	for i, w := range q.weight {
		if (w > 0) != (i < r) || (q.targets[i] < 0) != (i >= r) {
			t.Fatalf("row %d of %d scored ones: target %d with weight %v", i, r, q.targets[i], w)
		}
	}
}

func TestDrillsDoNotDependOnWorkers(t *testing.T) {
	one, two, without := drilling(t, 1), drilling(t, 2), drilling(t, 1)
	without.c.Drills = nil
	for range 2 {
		st, err := one.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(st.ByTask, func(b ByTask) bool { return b.Task == "drill:babilong-qa1" && b.Questions > 0 }) {
			t.Errorf("no drill among %+v", st.ByTask)
		}
		for _, tr := range []*Trainer{two, without} {
			if _, err := tr.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	equalParams(t, one, two)
	if slices.Equal(one.params[0].Data, without.params[0].Data) {
		t.Error("drills change nothing")
	}
}

func TestDrillsAreValidated(t *testing.T) {
	for name, d := range map[string]Drills{
		"no tasks":  {Groups: 1, Weight: 1},
		"no groups": {Tasks: []Share{{Task: "babilong-qa2", Weight: 1, MaxTokens: 300}}, Weight: 1},
		"no length": {Tasks: []Share{{Task: "babilong-qa2", Weight: 1}}, Groups: 1, Weight: 1},
		"no task":   {Tasks: []Share{{Task: "nothing", Weight: 1, MaxTokens: 300}}, Groups: 1, Weight: 1},
	} {
		c, _ := tiny(t)
		if c.Drills = &d; perk.ErrorCode(c.Validate()) != perk.EInvalid {
			t.Errorf("%s: %v, want EInvalid", name, c.Validate())
		}
	}
	c, tok := tiny(t)
	c.Drills = &Drills{Tasks: []Share{{Task: "key-value", Weight: 1, MaxTokens: 300}}, Groups: 1, Weight: 1}
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.sampler.drill(rand.New(rand.NewPCG(1, 1))); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("questions without support: %v, want EInvalid", err)
	}
}
