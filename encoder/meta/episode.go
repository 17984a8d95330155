package meta

import (
	"context"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
)

// groupSequences is how many sequences of a write are in memory at once.
const groupSequences = 8

// auxStep is the grain of the number of tokens that AuxShare is a share of.
const auxStep = 128

// episode computes the outer loss and gradient of documents, one after the other: write, inner loop and questions, and back through all of them
// (docs/adr/0007). Its programs have fixed shapes, so that memory does not grow with the document.
type episode[T kernel.Float] struct {
	*setup[T]
	group     *group[T]
	update    *update[T]
	questions map[int]*questions[T]
	loaded    [2]int // step and group that the group's first program ran for last and its second has not used up
}

// outcome is what one document gives.
type outcome[T kernel.Float] struct {
	loss    float64
	nll     []T     // (answers) of the questions
	weight  float64 // mean token weight of the write
	adapter [][]T   // phi_N
	outer   [][]T   // gradient by parameter; nil where the loss does not depend on it
}

// document is an episode's sample on its way through the inner loop.
type document[T kernel.Float] struct {
	groups   [][][]int32
	below    [][]T // of each group, as in batch; filled by the first look at it
	aux      []int // tokens of each group that carry the auxiliary loss
	auxShare T
	states   []state[T] // (steps+1)
	grads    [][][]T    // (steps)
}

func newEpisode[T kernel.Float](c *Config, base *lm.Model, params []*param, sequences int) (*episode[T], error) {
	e := &episode[T]{setup: newSetup[T](c, base, params), questions: map[int]*questions[T]{}}
	var err error
	if e.group, err = newGroup(e.setup, sequences); err != nil {
		return nil, err
	}
	e.update, err = newUpdate(e.setup)
	return e, err
}

// open cuts a sample into groups.
func (e *episode[T]) open(s *sample) *document[T] {
	d := &document[T]{groups: slices.Collect(slices.Chunk(s.sequences, len(e.group.in.tokens)/e.c.seq()))}
	d.below = make([][]T, len(d.groups))
	// A share of the tokens is enough for the auxiliary loss; sequences come in random order, so that it is a random share.
	left := int(e.c.AuxShare * float64(roundUp(s.rows(), auxStep)))
	if left > 0 {
		d.auxShare = T(e.c.Aux / float64(left))
	}
	for _, g := range d.groups {
		n := min(left, (&sample{sequences: g}).rows())
		left -= n
		d.aux = append(d.aux, n)
	}
	return d
}

// run computes a document's outer loss and gradient. Errors: ECanceled, EInternal.
func (e *episode[T]) run(ctx context.Context, s *sample) (*outcome[T], error) {
	out := &outcome[T]{outer: make([][]T, len(e.params))}
	d := e.open(s)
	weight, err := e.write(ctx, d)
	if err != nil {
		return nil, err
	}
	out.weight, out.adapter = weight/float64(s.rows()), d.states[e.c.Steps].phi
	q, err := e.ask(ctx, s.asks, out.adapter)
	if err != nil {
		return nil, err
	}
	out.loss, out.nll = float64(q.loss.Value()[0]), q.nll.Value()
	gather(out.outer, q.outer)
	aux, err := e.back(ctx, d, copies(q.adjoint), out.outer)
	out.loss += aux
	return out, err
}

// write makes the inner steps of a document and gives the sum of the token weights.
func (e *episode[T]) write(ctx context.Context, d *document[T]) (float64, error) {
	e.loaded = [2]int{-1, -1}
	weight := 0.0
	st := e.zeroState()
	st.phi = e.start()
	d.states = append(d.states, st)
	for n := range e.c.Steps {
		grad := make([][]T, len(e.tensors))
		for k := range d.groups {
			if err := e.gradient(ctx, d, n, k); err != nil {
				return 0, err
			}
			gather(grad, e.group.grads)
			if n == 0 {
				weight += e.observe(k)
			}
		}
		if n == 0 {
			e.damp()
		}
		d.grads = append(d.grads, grad)
		next, err := e.update.step(n, d.states[n], grad)
		if err != nil {
			return 0, perk.E(perk.EInternal, "meta.Step", err)
		}
		d.states = append(d.states, next)
	}
	return weight, nil
}

// gradient runs group k's first program for step n, unless its results are still there.
func (e *episode[T]) gradient(ctx context.Context, d *document[T], n, k int) error {
	if err := ctx.Err(); err != nil {
		return perk.E(perk.ECanceled, "meta.Step", err)
	}
	if e.loaded == [2]int{n, k} {
		return nil
	}
	aux := 0
	if n == e.first() {
		aux = d.aux[k]
	}
	if err := e.see(ctx, d, k); err != nil {
		return err
	}
	e.group.load(d.groups[k], d.below[k], aux, d.auxShare)
	fill(e.group.phi, d.states[n].phi)
	if err := e.group.first.Run(); err != nil {
		return perk.E(perk.EInternal, "meta.Step", err)
	}
	e.loaded = [2]int{n, k}
	return nil
}

// see runs group k through the layers below the lowest adapted one, whose result holds for all steps and for the way back.
func (e *episode[T]) see(ctx context.Context, d *document[T], k int) error {
	if e.frozen == nil || d.below[k] != nil {
		return nil
	}
	e.group.in.load(d.groups[k])
	var err error
	d.below[k], err = e.frozen.below(ctx, e.group.in.tokens[:len(d.groups[k])*e.c.seq()], e.c.seq())
	return err
}

// observe takes what is the same in all steps from group k's first program: the key covariance, and the sum of the token weights, which it returns.
func (e *episode[T]) observe(k int) float64 {
	if e.group.cov != nil {
		if k == 0 {
			clear(e.update.cov)
		}
		addTo(e.update.cov, e.group.cov.Value())
	}
	sum := 0.0
	for _, v := range e.group.weights.Value() {
		sum += float64(v)
	}
	return sum
}

// program gives the program for questions of these lengths.
func (e *episode[T]) program(asks []ask) (*questions[T], error) {
	n := e.c.askLength(asks)
	q, ok := e.questions[n]
	if !ok {
		var err error
		if q, err = newQuestions(e.setup, n); err != nil {
			return nil, perk.E(perk.EInternal, "meta.Step", err)
		}
		e.questions[n] = q
	}
	return q, nil
}

// ask computes the questions' loss and its gradients.
func (e *episode[T]) ask(ctx context.Context, asks []ask, phi [][]T) (*questions[T], error) {
	q, err := e.program(asks)
	if err != nil {
		return nil, err
	}
	loadAsks(q.tokens, q.at, q.targets, q.weight, asks, q.seq)
	return q, e.setup.run(ctx, q, len(asks), phi)
}
