package meta

import (
	"context"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
)

// askStep is the grain of the lengths that questions are padded to: each length is a compiled program.
const askStep = 32

// questions is the outer loss of a document's questions, asked of base model and phi_N, as a program.
type questions[T kernel.Float] struct {
	seq     int
	tokens  []int32 // (questions*seq)
	at      []int32 // (answers) position that predicts the answer token
	targets []int32 // (answers)
	weight  []T     // (answers) share of the outer loss
	below   []T     // (questions*seq, dim) as in batch
	phi     [][]T

	program *ad.Program[T]
	loss    *ad.Node[T]   // (1, 1)
	nll     *ad.Node[T]   // (answers, 1)
	outer   []*ad.Node[T] // gradient by parameter
	adjoint []*ad.Node[T] // gradient by written tensor
}

// askLength gives the length that a document's questions are padded to.
func (c *Config) askLength(asks []ask) int {
	n := 0
	for _, a := range asks {
		n = max(n, len(a.tokens))
	}
	return min(roundUp(n, askStep), c.AskTokens)
}

func newQuestions[T kernel.Float](s *setup[T], seq int) (*questions[T], error) {
	c := s.c
	q := &questions[T]{seq: seq, tokens: make([]int32, c.Questions*seq), at: make([]int32, c.Answers), targets: make([]int32, c.Answers),
		weight: make([]T, c.Answers), below: s.frozen.room(c.Questions * seq), phi: s.zeros()}
	g := newGraph(s.c, s.pool)
	net, params := s.network(g)
	phi := s.leaves(g, "phi", q.phi)
	q.nll = net.nll(ad.Gather(net.stream(q.tokens, q.below, seq).hidden(s.adapter(net, phi)), q.at), q.targets)
	q.loss = ad.Sum(ad.Mul(q.nll, g.Leaf("weight", c.Answers, 1, q.weight)))
	all := ad.Grad(q.loss, slices.Concat(params, phi)...)
	q.outer, q.adjoint = all[:len(params)], all[len(params):]
	var err error
	q.program, err = g.Compile(live(append(all, q.loss, q.nll)...)...)
	return q, err
}

// run asks base model and phi what was loaded: so many questions.
func (s *setup[T]) run(ctx context.Context, q *questions[T], asked int, phi [][]T) error {
	below, err := s.frozen.below(ctx, q.tokens[:asked*q.seq], q.seq)
	if err != nil {
		return err
	}
	clear(q.below[copy(q.below, below):])
	fill(q.phi, phi)
	if err := q.program.Run(); err != nil {
		return perk.E(perk.EInternal, "meta.Step", err)
	}
	return nil
}
