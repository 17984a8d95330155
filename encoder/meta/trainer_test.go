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
	"github.com/perkdb/perk/internal/task"
)

// small is a configuration whose steps take milliseconds.
func small(t testing.TB, workers int) *Trainer {
	t.Helper()
	c, tok := tiny(t)
	c.Pretrain = 1
	tr, err := New(c, tok, task.Generated{}, workers)
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

func TestResumeRefusesAnotherConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), CheckpointFile)
	if err := small(t, 1).Save(path); err != nil {
		t.Fatal(err)
	}
	other := small(t, 1)
	other.c.LR *= 2
	if _, err := other.Resume(path); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v, want an invalid one", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := small(t, 1).Resume(path); perk.ErrorCode(err) != perk.ECorrupt {
		t.Errorf("error %v of a truncated checkpoint, want a corrupt one", err)
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
	tr, err := New(c, tok, task.Generated{}, 2)
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

func TestParseConfig(t *testing.T) {
	shipped, err := os.ReadFile("../../models/perk-nano/train.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(shipped); err != nil {
		t.Errorf("the shipped configuration: %v", err)
	}
	for name, text := range map[string]string{
		"empty": "", "unknown field": `{"nme": "x"}`, "no model": `{"name": "x"}`, "rest": string(shipped) + "{}",
	} {
		if _, err := ParseConfig([]byte(text)); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want an invalid one", name, err)
		}
	}
}
