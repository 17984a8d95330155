package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

// document is what one document is asked.
type document struct {
	task.Episode
	own, foreign []task.QA
}

// draw makes the documents of a task, each with questions about itself and about the ones after it.
func draw(m *models.Model, o Options, number int) ([]document, error) {
	kind, err := task.ByName(o.Tasks[number])
	if err != nil {
		return nil, err
	}
	docs := make([]document, o.Documents)
	for i := range docs {
		share := float64(i) / float64(o.Documents-1)
		tokens := int(math.Round(float64(o.MinTokens) * math.Pow(float64(o.MaxTokens)/float64(o.MinTokens), share)))
		rng := rand.New(rand.NewPCG(o.Seed, uint64(number)<<32+uint64(i)))
		e, err := kind.Episode(rng, task.Options{Tokens: tokens, Count: m.Tokenizer.Count, Filler: o.Filler, Split: o.Split})
		if err != nil {
			return nil, err
		}
		e.Questions = slices.DeleteFunc(e.Questions, func(q task.QA) bool { return q.Cloze })
		docs[i].Episode = e
		docs[i].own = e.Questions[:min(len(e.Questions), o.PerDocument)]
	}
	for i := range docs {
		d := &docs[i]
		for step := 1; step < len(docs) && len(d.foreign) < len(d.own); step++ {
			for _, q := range task.Foreign(d.Episode, docs[(i+step)%len(docs)].Episode) {
				asked := slices.ContainsFunc(d.foreign, func(o task.QA) bool { return o.Question == q.Question })
				if !asked && len(d.foreign) < len(d.own) {
					d.foreign = append(d.foreign, q)
				}
			}
		}
	}
	return docs, nil
}
