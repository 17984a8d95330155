package meta

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/internal/tokenizer"
)

// generated is data that need no files.
var generated = Data{Filler: task.Generated{}}

// tiny is a configuration small enough for gradient checks, with the fast form's target.
func tiny(t testing.TB) (*Config, *tokenizer.Tokenizer) {
	t.Helper()
	tok := tokenizer.Train(slices.Values([]string{"the cat sat on the mat"}), tokenizer.MinVocab)
	c := &Config{Name: "tiny", Seed: 3,
		Model: lm.Config{Arch: lm.ArchNano, Vocab: tok.VocabSize(), Dim: 8, Layers: 2, Heads: 2, KVHeads: 2, FF: 12, Context: 160, Conv: 4,
			RopeTheta: 10000, NormEps: 1e-5, LogitScale: 1.2, TieEmbeddings: true},
		Targets: []recipe.Target{{Module: "layers.1.mlp.down", Rank: 6, NormA: true, TrainB: true}},
		Scale:   0.4, Steps: 1, Unroll: 1, Rule: recipe.Rule{Name: recipe.SGD}, InnerRate: 0.5, LossDivisor: 2, WeightHidden: 5,
		ChunkTokens: 15, Reverse: true, Tasks: []Share{{Task: "babilong-qa1", Weight: 1}}, Lengths: []Stage{{Min: 400, Max: 420}}, Budget: 400,
		Questions: 3, Cloze: 0.3, AskTokens: 128, Answers: 300, OuterSteps: 4, LR: 1e-3, RateLR: 1e-2, Clip: 1, Aux: 0.1, AuxShare: 0.5}
	return c, tok
}

// forms are the inner loops that training and encoder must agree on.
var forms = map[string]func(*Config){
	"fast sgd":       func(*Config) {},
	"fast sgd twice": func(c *Config) { c.Steps, c.Unroll = 2, 2 },
	"fast ridge":     func(c *Config) { c.Rule, c.InnerRidge, c.InnerRate = recipe.Rule{Name: recipe.Ridge}, 0.3, 2 },
	"ridge twice":    func(c *Config) { c.Rule, c.InnerRidge, c.Steps, c.Unroll = recipe.Rule{Name: recipe.Ridge}, 0.3, 2, 2 },
	"perk-like adamw": func(c *Config) {
		c.Targets = all(c, 3)
		c.Steps, c.Unroll, c.InnerRate = 2, 2, 0.02
		c.Rule = recipe.Rule{Name: recipe.AdamW, Beta1: 0.9, Beta2: 0.95, Eps: 1e-2, WeightDecay: 0.01}
	},
	"normalized": func(c *Config) {
		c.Targets, c.Steps, c.Unroll, c.InnerRate = all(c, 3), 3, 3, 0.1
		c.Rule = recipe.Rule{Name: recipe.Normalized, Eps: 1e-3}
	},
	"whole matrix ridge": func(c *Config) {
		c.Model.TopFF, c.Rule, c.InnerRidge, c.InnerRate = 20, recipe.Rule{Name: recipe.Ridge}, 0.3, 2
		c.Targets = []recipe.Target{{Module: "layers.1.mlp.down", Rank: 20, Full: true, NormA: true, TrainB: true}}
	},
	"ridge of fewer keys than rank": func(c *Config) {
		c.Model.TopFF, c.Rule, c.InnerRidge, c.InnerRate = 400, recipe.Rule{Name: recipe.Ridge, Floor: 1e-3}, 0.3, 2
		c.Targets = []recipe.Target{{Module: "layers.1.mlp.down", Rank: 400, Full: true, NormA: true, TrainB: true}}
	},
	"whole matrices sgd": func(c *Config) {
		c.Targets, c.Steps, c.Unroll, c.InnerRate = []recipe.Target{{Module: "layers.0.mlp.down", Rank: 12, Full: true, NormA: true, TrainB: true},
			{Module: "layers.1.attn.v", Rank: 8, Full: true, TrainB: true}, {Module: "layers.1.mlp.up", Rank: 3, TrainA: true, TrainB: true}}, 2, 2, 0.1
	},
	"all layers sgd truncated": func(c *Config) { c.Targets, c.Steps, c.Unroll, c.InnerRate = all(c, 3), 3, 1, 0.1 },
}

// all adapts A and B of every linear layer.
func all(c *Config, rank int) []recipe.Target {
	shapes, _ := lm.Tensors(c.Model)
	var out []recipe.Target
	for _, l := range linears(c.Model, shapes) {
		out = append(out, recipe.Target{Module: l.Name, Rank: rank, TrainA: true, TrainB: true})
	}
	slices.SortFunc(out, func(a, b recipe.Target) int {
		if a.Module < b.Module {
			return -1
		}
		return 1
	})
	return out
}

// started is a trainer whose zero-initialised tensors are random, so that every gradient is alive.
func started(t testing.TB, c *Config, tok *tokenizer.Tokenizer) *Trainer {
	t.Helper()
	tr, err := New(c, nil, tok, generated, 1)
	if err != nil {
		t.Fatal(err)
	}
	return alive(tr)
}

// alive makes a fresh trainer's tensors random.
func alive(tr *Trainer) *Trainer {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, p := range tr.params {
		if !p.Rate {
			for i := range p.Data {
				p.Data[i] += float32(rng.NormFloat64() * 0.1)
			}
		}
	}
	return tr
}

// text is a short document; its chunks fill several sequences.
const text = "Mary Event 0: Mary went to the garden. The cat sat. John Event 0: John went back to the office."

func shortSample(t testing.TB, tr *Trainer) *sample {
	t.Helper()
	s, err := tr.sampler.tokens(rand.New(rand.NewPCG(1, 1)), task.Episode{Text: text, Questions: []task.QA{
		{Question: "Mary?", Answers: []string{"garden"}, Support: []task.Fact{{Text: "garden.", Reversed: true}}},
		{Question: "Mary Event 0:", Answers: []string{"Mary"}, Cloze: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAgreesWithEngine holds the training graph and the shipped encoder to one definition of the write.
func TestAgreesWithEngine(t *testing.T) {
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			c, tok := tiny(t)
			form(c)
			agrees(t, started(t, c, tok))
		})
	}
}

// agrees writes a short document both ways.
func agrees(t *testing.T, tr *Trainer) {
	t.Helper()
	s := shortSample(t, tr)
	e, err := newEpisode[float32](tr.c, tr.base, tr.params, 4)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	model, r, err := tr.Export()
	if err != nil {
		t.Fatal(err)
	}
	chunks, err := encoder.Chunk(text, tr.tok, r)
	if err != nil {
		t.Fatal(err)
	}
	loop := encoder.Loop{Model: model, Recipe: r, Threads: 1, GroupTokens: 4096, KeepBytes: 1 << 30}
	phi, _, err := loop.Run(t.Context(), chunks, nil)
	if err != nil {
		t.Fatal(err)
	}
	delta, err := phi.Delta(r.Init)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range delta.Trained() {
		start := r.Init.Trained()[i].Data
		top := 0.0
		for _, v := range want.Data {
			top = max(top, math.Abs(float64(v)))
		}
		if top == 0 {
			t.Fatalf("%s: the encoder wrote nothing", want.Name)
		}
		for j, v := range out.adapter[i] {
			if d := math.Abs(float64(v - start[j] - want.Data[j])); d > 2e-3*top {
				t.Fatalf("%s element %d: graph wrote %g, encoder %g (largest %g)", want.Name, j, v-start[j], want.Data[j], top)
			}
		}
	}
}
