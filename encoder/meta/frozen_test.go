package meta

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// bases are tiny models of the architectures that people bring; vocabularies are padded.
var bases = map[string]lm.Config{
	"llama": {Arch: lm.ArchLlama, Vocab: 260, Dim: 8, Layers: 3, Heads: 4, KVHeads: 2, FF: 12, Context: 400, RopeTheta: 100, NormEps: 1e-5,
		RopeScaling: lm.Scaling{Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 48}},
	"qwen2": {Arch: lm.ArchQwen2, Vocab: 260, Dim: 8, Layers: 3, Heads: 2, KVHeads: 1, FF: 12, Context: 400, RopeTheta: 1e4, RopeHalf: true, NormEps: 1e-6, TieEmbeddings: true},
	"gpt2":  {Arch: lm.ArchGPT2, Vocab: 260, Dim: 8, Layers: 3, Heads: 2, KVHeads: 2, FF: 12, Context: 400, NormEps: 1e-5, TieEmbeddings: true},
}

// frozenForms are inner loops over the upper layers of a base model that stays as it is.
var frozenForms = map[string]func(c *Config, m *lm.Model){
	"fast ridge": func(c *Config, _ *lm.Model) {
		c.Targets = []recipe.Target{{Module: "layers.2.mlp.down", Rank: 6, NormA: true, TrainB: true}}
		c.Rule, c.InnerRidge, c.InnerRate = recipe.Rule{Name: recipe.Ridge, Floor: 1e-3}, 0.3, 2
	},
	"adamw": func(c *Config, m *lm.Model) {
		c.Targets = upper(m, 1)
		c.Steps, c.Unroll, c.InnerRate = 2, 2, 0.02
		c.Rule = recipe.Rule{Name: recipe.AdamW, Beta1: 0.9, Beta2: 0.95, Eps: 1e-2, WeightDecay: 0.01}
	},
	"sgd truncated": func(c *Config, m *lm.Model) {
		c.Targets = upper(m, 2)
		c.Steps, c.Unroll, c.InnerRate = 3, 1, 0.05
	},
}

// upper adapts A and B of every linear module from a layer on.
func upper(m *lm.Model, from int) []recipe.Target {
	var out []recipe.Target
	for _, l := range m.Linears() {
		if i, _ := layerOf(l.Name); i >= from {
			out = append(out, recipe.Target{Module: l.Name, Rank: 3, TrainA: true, TrainB: true})
		}
	}
	slices.SortFunc(out, func(a, b recipe.Target) int {
		if a.Module < b.Module {
			return -1
		}
		return 1
	})
	return out
}

// onBase is a fresh trainer for a base model.
func onBase(t testing.TB, cfg lm.Config, form func(*Config, *lm.Model), workers int) *Trainer {
	t.Helper()
	m := recipetest.Random(t, cfg, 1)
	c, _ := tiny(t)
	c.Model, c.Base, c.Aux, c.Reverse, c.AskTokens = m.Config(), m.ID(), 0, false, 320
	form(c, m)
	tr, err := New(c, m, recipetest.TextTokenizer(t), generated, workers)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestFrozenBaseAgreesWithEngine(t *testing.T) {
	for arch, cfg := range bases {
		for name, form := range frozenForms {
			t.Run(arch+"/"+name, func(t *testing.T) { agrees(t, alive(onBase(t, cfg, form, 1))) })
		}
	}
}

func TestFrozenBaseOuterGradient(t *testing.T) {
	for arch, cfg := range bases {
		for name, form := range frozenForms {
			t.Run(arch+"/"+name, func(t *testing.T) {
				if testing.Short() && (arch == "qwen2" || name != "adamw") {
					t.Skip("needs some seconds")
				}
				t.Parallel()
				tr := alive(onBase(t, cfg, func(c *Config, m *lm.Model) {
					form(c, m)
					c.Questions, c.Answers = 2, 60
				}, 1))
				checkGradient(t, tr, shortSample(t, tr), 3)
			})
		}
	}
}

// TestFrozenBaseStays: a resumed training gives what an uninterrupted one gives, with any number of workers, and the base model is the one that it was.
func TestFrozenBaseStays(t *testing.T) {
	start := func(workers int) *Trainer { return onBase(t, bases["llama"], frozenForms["fast ridge"], workers) }
	whole, first := start(1), start(2)
	fresh := start(1)
	if err := whole.Run(t.Context(), t.TempDir(), time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	if err := first.Run(ctx, dir, time.Hour, stopAfter(2, cancel)); perk.ErrorCode(err) != perk.ECanceled {
		t.Fatal(err)
	}
	second := start(2)
	if err := second.Run(t.Context(), dir, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	equalParams(t, whole, second)
	m, r, err := second.Export()
	if err != nil {
		t.Fatal(err)
	}
	if m.ID() != second.c.Base || m != second.base {
		t.Error("the base model is another one")
	}
	if _, _, err := r.Bind(m, second.tok); err != nil {
		t.Error(err)
	}
	for i, p := range second.params {
		if slices.Equal(p.Data, fresh.params[i].Data) && p.Name != nameW1 && p.Name != nameB1 { // behind an output layer of zeros
			t.Errorf("%s did not learn", p.Name)
		}
	}
	other, err := New(whole.c, recipetest.Random(t, bases["llama"], 2), whole.tok, generated, 1)
	if perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("another base model: %v, %v, want EInvalid", other, err)
	}
}
