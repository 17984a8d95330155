package meta

import (
	"math"
	"math/rand/v2"

	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
)

// reading is a context with the questions that are asked behind it.
type reading struct {
	context []int32
	asks    []ask
}

// tokens counts a reading's tokens.
func (r reading) tokens() int {
	n := len(r.context)
	for _, a := range r.asks {
		n += len(a.tokens)
	}
	return n
}

// answers counts the tokens that carry a loss.
func (r reading) answers() int {
	n := 0
	for _, a := range r.asks {
		n += len(a.tokens) - a.answer
	}
	return n
}

// roots sums the square roots of the answers' lengths: an answer's share of the loss grows with the root of its length, as in loadAsks.
func (r reading) roots() float64 {
	sum := 0.0
	for _, a := range r.asks {
		sum += math.Sqrt(float64(len(a.tokens) - a.answer))
	}
	return sum
}

// context gives what stands before a question when the adapter is loaded: nothing, or a reader's passages.
func (s *sampler) context(text string) (func(question string) []int32, error) {
	if s.c.Reader == nil {
		return nothing, nil
	}
	d, err := retrieve.New(text, s.tok, *s.c.Reader)
	if err != nil {
		return nil, err
	}
	return d.Context, nil
}

func nothing(string) []int32 { return nil }

// read chooses an episode's questions and lays them behind their contexts: all in one reading where they share it.
func (s *sampler) read(rng *rand.Rand, ep task.Episode) (*sample, error) {
	d, err := retrieve.New(ep.Text, s.tok, *s.c.Reader)
	if err != nil {
		return nil, err
	}
	out := &sample{task: ep.Task, asks: s.asks(rng, ep.Questions, nothing)}
	if len(out.asks) > 0 && d.Shared() {
		out.readings = []reading{{d.Context(""), out.asks}}
		return out, nil
	}
	for i, a := range out.asks {
		out.readings = append(out.readings, reading{d.Context(a.question), out.asks[i : i+1]})
	}
	return out, nil
}
