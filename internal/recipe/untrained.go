package recipe

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/perkdb/perk/internal/lm"
)

// Settings of PERK's released code (rsLoRA with alpha 16, AdamW in 4 steps, chunks of 128 tokens on every linear layer), at the smallest rank that the paper
// reports, and with one rate for all tensors where the released code starts to learn them from 5e-5. A rate that nothing has learned from has to be larger to write anything
// in 4 steps: see docs/adr/0012.
const (
	untrainedRank    = 16
	untrainedAlpha   = 16
	untrainedSteps   = 4
	untrainedChunk   = 128
	untrainedRate    = 1e-3
	untrainedDivisor = 1024
	untrainedBits    = 8
)

// Untrained makes a recipe for a base model that none was learned for: A random, B zero, on every linear layer. It writes, and answers from what it wrote are no better
// than the base model makes them; Recipe.Untrained says so. The same model always gives the same recipe. Errors: EInvalid (a tokenizer without the special tokens),
// EInternal (one that cannot be marshalled).
func Untrained(m *lm.Model, tok Tokenizer) (*Recipe, error) {
	base, err := BaseID(m.ID(), tok)
	if err != nil {
		return nil, err
	}
	sp, err := NewSpecials(tok)
	if err != nil {
		return nil, err
	}
	r := &Recipe{
		Version: Version, Model: base, Scale: float32(untrainedAlpha / math.Sqrt(untrainedRank)), Steps: untrainedSteps, Rule: DefaultAdamW(), LossDivisor: untrainedDivisor,
		ChunkTokens: min(untrainedChunk, m.Config().Context-1), Prompt: sp.Prompt(), Bits: untrainedBits, Untrained: true,
	}
	for _, l := range m.Linears() {
		r.Targets = append(r.Targets, Target{Module: l.Name, Rank: min(untrainedRank, l.In, l.Out), TrainA: true, TrainB: true})
	}
	slices.SortFunc(r.Targets, func(a, b Target) int { return strings.Compare(a.Module, b.Module) })
	if r.Init, err = Start(m.Linears(), r.Targets, r.Scale, rand.New(rand.NewPCG(1, 0))); err != nil {
		return nil, err
	}
	row := make([]float32, len(r.Init.Trained()))
	for i := range row {
		row[i] = untrainedRate
	}
	for range r.Steps {
		r.Rates = append(r.Rates, slices.Clone(row))
	}
	return r, nil
}
