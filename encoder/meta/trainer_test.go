package meta

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// small is a configuration whose steps take milliseconds.
func small(t testing.TB, workers int) *Trainer {
	t.Helper()
	c, tok := tiny(t)
	c.Pretrain = 1
	tr, err := New(c, nil, tok, generated, workers)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func equalParams(t *testing.T, a, b *Trainer) {
	t.Helper()
	for i, p := range a.params {
		if !slices.Equal(p.Data, b.params[i].Data) {
			t.Fatalf("%s differs", p.Name)
		}
	}
}

func TestWorkersDoNotChangeTheResult(t *testing.T) {
	one, two := small(t, 1), small(t, 2)
	for !one.Done() {
		if _, err := one.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := two.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	equalParams(t, one, two)
}

// stopAfter ends a context after some steps of a Run.
func stopAfter(n int, cancel context.CancelFunc) func(Stats, *Line) {
	return func(s Stats, _ *Line) {
		if s.Step == n {
			cancel()
		}
	}
}

func TestResumedTrainingEqualsUninterrupted(t *testing.T) {
	whole, dir := small(t, 1), t.TempDir()
	if err := whole.Run(t.Context(), t.TempDir(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := small(t, 1)
	if err := first.Run(ctx, dir, time.Hour, stopAfter(3, cancel)); perk.ErrorCode(err) != perk.ECanceled {
		t.Fatalf("error %v, want a canceled one", err)
	}
	second := small(t, 2)
	if err := second.Run(t.Context(), dir, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	equalParams(t, whole, second)
	if err := Plot(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "loss.svg")); err != nil {
		t.Error(err)
	}
}

// A document whose key covariance cannot be inverted gives NaN in the graph; the step must say so and leave the parameters as they were.
func TestStepRefusesWhatIsNotFinite(t *testing.T) {
	c, tok := tiny(t)
	c.Rule, c.InnerRidge = recipe.Rule{Name: recipe.Ridge}, 0.1
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range tr.params {
		switch p.Name {
		case nameA(c.Targets[0].Module):
			clear(p.Data) // keys of zero: the covariance is zero
		case nameRidge:
			p.Data[0] = -1000 // and exp(-1000) is no ridge
		}
	}
	before := slices.Clone(tr.params[0].Data)
	if _, err := tr.Step(t.Context()); perk.ErrorCode(err) != perk.EInternal {
		t.Errorf("error %v, want an internal one", err)
	}
	if made, _ := tr.Steps(); made != 0 || !slices.Equal(before, tr.params[0].Data) {
		t.Errorf("the step was made all the same")
	}
}

// TestLearns makes a few dozen steps on short documents; the loss must fall by more than chance.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("needs about 30 s")
	}
	c, tok := tiny(t)
	c.Model.Dim, c.Model.FF = 32, 64
	c.Targets[0].Rank = 32
	c.Rule, c.InnerRidge, c.InnerRate, c.Scale = recipe.Rule{Name: recipe.Ridge}, 0.1, 8, 0.18
	c.LR, c.OuterSteps, c.Warmup = 3e-3, 60, 5
	tr, err := New(c, nil, tok, generated, 2)
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for !tr.Done() {
		s, err := tr.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, s.Loss)
	}
	mean := func(x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += v
		}
		return s / float64(len(x))
	}
	if first, last := mean(losses[:10]), mean(losses[len(losses)-10:]); last > 0.8*first {
		t.Errorf("outer loss went from %.3f to %.3f, want a fall by a fifth", first, last)
	}
}
