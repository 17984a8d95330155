package study

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/eval"
)

// fewForms is the most kinds of questions that a cell lists.
const fewForms = 8

// subject is what a cell is measured with.
type subject struct {
	model *models.Model
}

func (s *subject) key(c Cell, o Options) string {
	more := ""
	if c.Measure == Confidence {
		more = calibration(s.model)
	}
	if x, ok := o.Readers[c.Way]; ok {
		more = fmt.Sprintf("%s %s %+v", x.Model.ID, x.Model.RecipeID, x.Settings)
	}
	return c.key(s.model.ID, s.model.RecipeID, more, o.Filler.Name())
}

// WithBits gives the model with a recipe that stores adapters in so many bits; 0: as it is. Errors: EInvalid.
func WithBits(m *models.Model, bits int) (*models.Model, error) {
	if bits == 0 || bits == m.Recipe.Bits {
		return m, nil
	}
	out, recipe := *m, *m.Recipe
	recipe.Bits = bits
	id, err := recipe.ID()
	if err != nil {
		return nil, err
	}
	out.Recipe, out.RecipeID = &recipe, id
	return &out, nil
}

// measure makes one cell's result, its Seconds apart. part gets the share that is done.
func (s *subject) measure(ctx context.Context, o Options, c Cell, part func(float64)) (Result, error) {
	r := Result{Key: s.key(c, o), Cell: c, Model: s.model.ID, Recipe: s.model.RecipeID, Filler: o.Filler.Name()}
	if c.Measure == Confidence {
		var err error
		r.Trust, err = s.trust(ctx, o, c, part)
		return r, err
	}
	t, err := task.ByName(c.Task)
	if err != nil {
		return r, err
	}
	if c.Measure == Cost {
		r.Costs, err = s.costs(ctx, t, o.Filler, c, part)
	} else {
		r.Scores, err = s.scores(ctx, varied{t, c}, o, c, part)
	}
	return r, err
}

// varied is a task with a cell's settings.
type varied struct {
	task.Task
	c Cell
}

// Episode implements task.Task.
func (v varied) Episode(rng *rand.Rand, o task.Options) (task.Episode, error) {
	if b := v.c.Bin; b > 0 {
		o.Place = task.Place{Lo: float64(b-1) / Bins, Hi: float64(b) / Bins}
	}
	o.Similar = float64(v.c.Similar) / 100
	return v.Task.Episode(rng, o)
}

// scores asks the questions of an Accuracy cell.
func (s *subject) scores(ctx context.Context, t task.Task, o Options, c Cell, part func(float64)) (*Scores, error) {
	var readers []eval.Reader
	if x, ok := o.Readers[c.Way]; ok {
		readers = append(readers, x)
	}
	r, err := eval.Run(ctx, s.model, eval.Options{Readers: readers, Task: t, Filler: o.Filler, Tokens: c.Tokens, N: c.N, PerDocument: PerDocument, Seed: c.Seed, Threads: o.Threads,
		Progress: func(done, total int, _ string) { part(float64(done) / float64(total)) }})
	if err != nil {
		return nil, err
	}
	for _, w := range []*eval.Way{r.Prompt, r.Retrieved, r.Combined} {
		if w != nil { // of the only reader
			return &Scores{Tally: *tally(w.EM, r.N), F1: w.F1, Documents: r.Documents, Chance: r.Chance, Forms: few(w.ByForm),
				SecondsEncode: w.SecondsIndex, SecondsAsk: w.SecondsRead + w.SecondsAsk}, nil
		}
	}
	out := &Scores{Tally: *tally(r.Memory.EM, r.N), F1: r.Memory.F1, Documents: r.Documents, Chance: r.Chance,
		SecondsEncode: r.SecondsEncode, SecondsAsk: r.SecondsAsk, AdapterBytes: r.AdapterBytes}
	out.None, out.Wrong = tally(r.NoAdapter.EM, r.N), tally(r.WrongAdapter.EM, r.N)
	out.Forms = few(r.ByForm)
	return out, nil
}

// few gives the tallies by kind of question, nil where there is one kind or many.
func few(forms map[string]eval.Form) map[string]Tally {
	if len(forms) < 2 || len(forms) > fewForms {
		return nil
	}
	out := map[string]Tally{}
	for name, f := range forms {
		out[name] = *tally(f.EM, f.N)
	}
	return out
}
