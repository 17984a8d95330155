package meta

import (
	"math"
	"slices"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

// A training that starts from what another made has the other's parameters.
func TestFromIsTheInverseOfExport(t *testing.T) {
	a := small(t, 1)
	for range 2 {
		if _, err := a.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	model, r, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	c, tok := tiny(t)
	c.Seed++
	b, err := New(c, nil, tok, Data{Filler: task.Generated{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.From(&models.Model{Name: "a", LM: model, Tokenizer: tok, Recipe: r}); err != nil {
		t.Fatal(err)
	}
	for i, p := range a.params {
		for j, want := range p.Data {
			if got := b.params[i].Data[j]; math.Abs(float64(got-want)) > 1e-6 { // rates go through exp and log
				t.Fatalf("%s[%d] is %v, want %v", p.Name, j, got, want)
			}
		}
	}
	c.Targets[0].Rank *= 2
	other, err := New(c, nil, tok, Data{Filler: task.Generated{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.From(&models.Model{Name: "a", LM: model, Tokenizer: tok, Recipe: r}); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("another rank: error %v, want an invalid one", err)
	}
}

// A training that starts from several models has the mean of their parameters, each counted as often as it is named.
func TestFromTheMean(t *testing.T) {
	export := func(tr *Trainer) *models.Model {
		model, r, err := tr.Export()
		if err != nil {
			t.Fatal(err)
		}
		return &models.Model{LM: model, Tokenizer: tr.sampler.tok, Recipe: r}
	}
	a := small(t, 1)
	first := export(a)
	before := map[string][]float32{}
	for _, p := range a.params {
		before[p.Name] = slices.Clone(p.Data)
	}
	if _, err := a.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := export(a)
	b := small(t, 1)
	if err := b.From(first, second, second); err != nil {
		t.Fatal(err)
	}
	moved := false
	for i, p := range a.params {
		for j, was := range before[p.Name] {
			want := (float64(was) + 2*float64(p.Data[j])) / 3
			if got := b.params[i].Data[j]; math.Abs(float64(got)-want) > 1e-6 {
				t.Fatalf("%s[%d] is %v, want %v", p.Name, j, got, want)
			}
			moved = moved || math.Abs(float64(was)-float64(p.Data[j])) > 1e-5
		}
	}
	if !moved {
		t.Error("the two models are the same")
	}
	if err := b.From(); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("no model: error %v, want an invalid one", err)
	}
}
