package meta

import (
	"math"
	"slices"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
)

// Export gives the base model and the recipe as they stand. Learned tensors are copies.
func (t *Trainer) Export() (*lm.Model, *recipe.Recipe, error) {
	c := t.c
	learned := make(map[string][]float32, len(t.params))
	for _, p := range t.params {
		learned[p.Name] = slices.Clone(p.Data)
	}
	model, err := t.model(learned)
	if err != nil {
		return nil, nil, err
	}
	base, err := recipe.BaseID(model.ID(), t.tok)
	if err != nil {
		return nil, nil, err
	}
	r := &recipe.Recipe{Version: recipe.Version, Model: base, Targets: c.Targets, Scale: c.Scale, Steps: c.Steps, Rule: c.Rule,
		LossDivisor: c.LossDivisor, ChunkTokens: c.ChunkTokens, Overlap: c.Overlap, Reverse: c.Reverse, Bits: c.Bits, Prompt: t.sampler.prompt,
		Init: &lora.Adapter{Scale: c.Scale, Pairs: map[string]*lora.Pair{}}}
	widths := map[string]lm.Linear{}
	for _, l := range model.Linears() {
		widths[l.Name] = l
	}
	for _, g := range c.Targets {
		w := widths[g.Module]
		r.Init.Pairs[g.Module] = &lora.Pair{A: learned[nameA(g.Module)], B: learned[nameB(g.Module)], In: w.In, Out: w.Out, Rank: g.Rank,
			Full: g.Full, NormA: g.NormA, TrainA: g.TrainA, TrainB: g.TrainB}
	}
	n := len(r.Init.Trained())
	for i := range c.Steps {
		row := make([]float32, n)
		for j := range row {
			row[j] = float32(math.Exp(float64(learned[nameRates][i*n+j])))
		}
		r.Rates = append(r.Rates, row)
	}
	if l := learned[nameRidge]; l != nil {
		r.Rule.Lambda = float32(math.Exp(float64(l[0])))
	}
	if c.WeightHidden > 0 {
		r.Weighting = &recipe.Weighting{Dim: c.Model.Dim, Hidden: c.WeightHidden, W1: learned[nameW1], B1: learned[nameB1], W2: learned[nameW2], B2: learned[nameB2]}
	}
	return model, r, r.Validate()
}

// model gives the frozen base model, or makes one of learned tensors.
func (t *Trainer) model(learned map[string][]float32) (*lm.Model, error) {
	if t.base != nil {
		return t.base, nil
	}
	shapes, err := lm.Tensors(t.c.Model)
	if err != nil {
		return nil, err
	}
	weights := map[string][]float32{}
	for _, s := range shapes {
		weights[s.Name] = learned[s.Name]
	}
	return lm.New(t.c.Model, weights)
}
