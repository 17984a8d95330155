package eval

import (
	"context"
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

// Bounds of the documents drawn for Result.Chance.
const (
	chanceQuestions = 2000
	chanceDocuments = 200
)

// Streams of random numbers: what is asked and what chance is measured on share no document.
const (
	askedStream  = 0xe7a1
	chanceStream = 0xc4a9ce
)

// draw gives the documents with the questions that will be asked, N in all, and at least two documents where there are two.
func draw(ctx context.Context, m *models.Model, o Options) ([]task.Episode, error) {
	if o.Task == nil {
		return cut(o.Episodes, o.N), nil
	}
	var out []task.Episode
	for n := 0; n < o.N || len(out) < 2; {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "eval.Run", err)
		}
		rng := rand.New(rand.NewPCG(o.Seed, askedStream+uint64(len(out))<<32))
		e, err := o.Task.Episode(rng, o.episode(m))
		if err != nil {
			return nil, err
		}
		e.Questions = asked(rng, e.Questions, o.PerDocument)
		e.Questions = e.Questions[:min(len(e.Questions), o.N-n)]
		n += len(e.Questions)
		out = append(out, e)
	}
	return out, nil
}

func (o *Options) episode(m *models.Model) task.Options {
	return task.Options{Tokens: o.Tokens, Count: m.Tokenizer.Count, Filler: o.Filler, Split: task.Eval}
}

// asked picks at most so many of a document's questions in words, in random order.
func asked(rng *rand.Rand, all []task.QA, most int) []task.QA {
	var out []task.QA
	for _, i := range rng.Perm(len(all)) {
		if !all[i].Cloze && (most <= 0 || len(out) < most) {
			out = append(out, all[i])
		}
	}
	return out
}

// cut leaves the first n questions, all of them for 0, and the documents that they are about.
func cut(episodes []task.Episode, n int) []task.Episode {
	if n == 0 {
		return episodes
	}
	var out []task.Episode
	for _, e := range episodes {
		e.Questions = e.Questions[:min(len(e.Questions), n)]
		if n -= len(e.Questions); len(e.Questions) > 0 || len(out) == 1 {
			out = append(out, e)
		}
		if n == 0 && len(out) > 1 {
			break
		}
	}
	return out
}

// chance draws documents of the same kind until there are questions enough, and measures the most frequent answers.
func chance(ctx context.Context, m *models.Model, o Options, drawn []task.Episode) (float64, error) {
	if o.Task == nil {
		return task.ChanceEM(drawn), nil
	}
	var more []task.Episode
	for n, i := 0, 0; n < chanceQuestions && i < chanceDocuments; i++ {
		if err := ctx.Err(); err != nil {
			return 0, perk.E(perk.ECanceled, "eval.Run", err)
		}
		e, err := o.Task.Episode(rand.New(rand.NewPCG(o.Seed, chanceStream+uint64(i)<<32)), o.episode(m))
		if err != nil {
			return 0, err
		}
		n += len(e.Questions)
		more = append(more, e)
	}
	return task.ChanceEM(more), nil
}
