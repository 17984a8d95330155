// Package recipetest makes tiny base models, tokenizers and recipes for the tests of packages that write and ask.
//
// Model is random and knows nothing; what it can show is that a write changes it in the direction of the document.
package recipetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/bpe"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/tokenizer"
)

// Tokenizer is the real one without merges: one token a byte.
func Tokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Parse([]byte(`{"format":"perk-bpe-1","specials":["<eos>","<doc>","<rev>","<ask>","<support>","</support>","<output>","</output>"],"merges":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TextTokenizer is a published kind of tokenizer without merges: one token a byte, and one special token, 256, that begins and ends a text.
func TextTokenizer(t testing.TB) *bpe.Text {
	t.Helper()
	v := bpe.Vocabulary{Pre: bpe.GPT2, Added: []bpe.Added{{ID: 256, Text: "<|endoftext|>", Special: true}}}
	next := rune(0x100)
	for b := range rune(256) { // spelt as GPT-2 spells them
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad {
			v.Tokens, next = append(v.Tokens, string(next)), next+1
		} else {
			v.Tokens = append(v.Tokens, string(b))
		}
	}
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bpe.NewText(tok, 256, 256)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Model is a random nano model: 2 layers, 16 wide, a window of 256 tokens.
func Model(t testing.TB, seed uint64) *lm.Model {
	t.Helper()
	cfg := lm.Config{Arch: lm.ArchNano, Vocab: tokenizer.MinVocab, Dim: 16, Layers: 2, Heads: 2, KVHeads: 2, FF: 32, Context: 256,
		Conv: 4, RopeTheta: 10000, NormEps: 1e-5, LogitScale: 6, TieEmbeddings: true}
	return Random(t, cfg, seed)
}

// Random is a random model of a shape.
func Random(t testing.TB, cfg lm.Config, seed uint64) *lm.Model {
	t.Helper()
	specs, err := lm.Tensors(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	tensors := map[string][]float32{}
	for _, s := range specs {
		n := 1
		for _, d := range s.Shape {
			n *= d
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64() / math.Sqrt(float64(s.Shape[len(s.Shape)-1])))
		}
		tensors[s.Name] = x
	}
	m, err := lm.New(cfg, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Fast is the one-step form: plain gradient into B of the top down projection, every token of the same weight.
func Fast(t testing.TB, m *lm.Model) *recipe.Recipe {
	t.Helper()
	r := base(t, m, []recipe.Target{{Module: "layers.1.mlp.down", Rank: 8, NormA: true, TrainB: true}})
	r.Rule = recipe.Rule{Name: recipe.SGD}
	SetRates(r, 1, 0.1)
	return r
}

// Perk is the many-step form: AdamW on A and B of all linear layers, with a weighting head, chunks also written backwards.
func Perk(t testing.TB, m *lm.Model) *recipe.Recipe {
	t.Helper()
	var targets []recipe.Target
	for _, name := range []string{"attn.k", "attn.o", "attn.q", "attn.v", "mlp.down", "mlp.up"} {
		targets = append(targets, recipe.Target{Module: "layers.0." + name, Rank: 4, TrainA: true, TrainB: true})
	}
	for _, name := range []string{"attn.k", "attn.o", "attn.q", "attn.v", "mlp.down", "mlp.up"} {
		targets = append(targets, recipe.Target{Module: "layers.1." + name, Rank: 4, TrainA: true, TrainB: true})
	}
	r := base(t, m, targets)
	r.Rule = recipe.DefaultAdamW()
	r.Reverse = true
	SetRates(r, 4, 0.02)
	rng := rand.New(rand.NewPCG(3, 0))
	w := &recipe.Weighting{Dim: m.Config().Dim, Hidden: 8, B1: make([]float32, 8), W2: make([]float32, 8), B2: []float32{0.5}}
	for range w.Hidden * 2 * w.Dim {
		w.W1 = append(w.W1, float32(rng.NormFloat64()*0.2))
	}
	for i := range w.W2 {
		w.W2[i] = float32(rng.NormFloat64() * 0.2)
	}
	r.Weighting = w
	return r
}

// Calibration is one that was fitted on two answers; confidence rises with the answer's least probable token.
func Calibration(t testing.TB) *confidence.Calibration {
	t.Helper()
	c, err := confidence.Fit(t.Context(), []confidence.Example{
		{Signals: confidence.Signals{AnswerMin: -0.1}, Right: true, Answerable: true}, {Signals: confidence.Signals{AnswerMin: -3}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// SetRates gives a recipe so many steps, all tensors at one rate.
func SetRates(r *recipe.Recipe, steps int, rate float32) {
	r.Steps, r.Rates = steps, nil
	for range steps {
		row := make([]float32, len(r.Init.Trained()))
		for i := range row {
			row[i] = rate
		}
		r.Rates = append(r.Rates, row)
	}
}

func base(t testing.TB, m *lm.Model, targets []recipe.Target) *recipe.Recipe {
	t.Helper()
	id, err := recipe.BaseID(m.ID(), Tokenizer(t))
	if err != nil {
		t.Fatal(err)
	}
	var init *lora.Adapter
	if init, err = recipe.Start(m.Linears(), targets, 1, rand.New(rand.NewPCG(2, 0))); err != nil {
		t.Fatal(err)
	}
	return &recipe.Recipe{Version: recipe.Version, Model: id, Targets: targets, Scale: 1, LossDivisor: 100, ChunkTokens: 32,
		Prompt: recipe.DefaultPrompt(), Init: init}
}
