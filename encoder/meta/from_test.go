package meta

import (
	"math"
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
