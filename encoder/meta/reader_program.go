package meta

import (
	"math"
	"math/bits"
	"slices"

	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
)

// readingShape is what a compiled reading is fixed to: tokens of its one sequence, and answer tokens.
type readingShape struct{ seq, answers int }

// answerStep is the grain of compiled numbers of answer tokens.
const answerStep = 64

// shapeOfReading rounds a reading up to the next shape: 64 tokens, and an eighth of a power of two where that is more, so that few programs pad little.
func shapeOfReading(r reading) readingShape {
	n := r.tokens()
	step := max(64, 1<<(bits.Len(uint(n-1))-4))
	return readingShape{roundUp(n, step), roundUp(r.answers(), answerStep)}
}

// readingProgram is the loss and gradient of one reading: a context, and questions that see it and themselves only, so that each is asked as if it
// were the only one.
type readingProgram[T kernel.Float] struct {
	ids      []int32 // (seq)
	see      ad.Visible
	answerAt []int32 // (answers) position that predicts the answer token
	answer   []int32 // (answers)
	weight   []T     // (answers) share of the document's loss

	program *ad.Program[T]
	loss    *ad.Node[T]   // (1, 1)
	nll     *ad.Node[T]   // (answers, 1)
	grads   []*ad.Node[T] // by parameter; nil where the loss does not depend on it
}

func newReadingProgram[T kernel.Float](c *Config, params []*param, s readingShape, pool *ad.Pool[T]) (*readingProgram[T], error) {
	p := &readingProgram[T]{ids: make([]int32, s.seq), see: ad.Visible{Own: make([]int32, s.seq)},
		answerAt: make([]int32, s.answers), answer: make([]int32, s.answers), weight: make([]T, s.answers)}
	g := newGraph(c, pool)
	net := &network[T]{c: c, weights: map[string]*ad.Node[T]{}}
	var leaves []*ad.Node[T]
	for _, p := range params {
		n := g.Leaf(p.Name, p.Rows, p.Cols, data[T](p))
		leaves, net.weights[p.Name] = append(leaves, n), n
	}
	stream := net.stream(p.ids, nil, s.seq)
	stream.see = &p.see
	p.nll = net.nll(ad.Gather(stream.hidden(nil), p.answerAt), p.answer)
	p.loss = ad.Sum(ad.Mul(p.nll, g.Leaf("weight", s.answers, 1, p.weight)))
	p.grads = ad.Grad(p.loss, leaves...)
	outputs := []*ad.Node[T]{p.loss, p.nll}
	for _, d := range p.grads {
		if d != nil {
			outputs = append(outputs, d)
		}
	}
	var err error
	p.program, err = g.Compile(outputs...)
	return p, err
}

// load writes a reading into the program's inputs; roots is the sum over all readings of the document.
func (p *readingProgram[T]) load(r reading, roots float64) {
	clear(p.ids)
	clear(p.answerAt)
	clear(p.answer)
	clear(p.weight)
	clear(p.see.Own)
	p.see.Shared = copy(p.ids, r.context)
	at, row := p.see.Shared, 0
	for _, a := range r.asks {
		copy(p.ids[at:], a.tokens)
		for i := range a.tokens {
			p.see.Own[at+i] = int32(at)
		}
		share := T(1 / (roots * math.Sqrt(float64(len(a.tokens)-a.answer))))
		for t := a.answer; t < len(a.tokens); t++ {
			p.answerAt[row], p.answer[row], p.weight[row] = int32(at+t-1), a.tokens[t], share
			row++
		}
		at += len(a.tokens)
	}
	for ; at < len(p.ids); at++ {
		p.see.Own[at] = int32(at) // padding
	}
}

// addGradients adds the gradients of a run to sums, in which nil stands for zero.
func addGradients(sums [][]float32, grads []*ad.Node[float32]) {
	for i, d := range grads {
		switch {
		case d == nil:
		case sums[i] == nil:
			sums[i] = slices.Clone(d.Value())
		default:
			kernel.Axpy(1, d.Value(), sums[i])
		}
	}
}
