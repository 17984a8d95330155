package meta

import (
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/recipe"
)

// shape is what a compiled episode is fixed to; an episode is padded to the next shape.
type shape struct {
	chunks int // sequences of the write
	rows   int // tokens of the write that carry a loss
}

// episode is one document's outer loss and gradient as a compiled program: write, inner loop, questions.
type episode[T kernel.Float] struct {
	c     *Config
	shape shape

	// Inputs, written before each run.
	write    []int32 // (chunks*seq) tokens
	at       []int32 // (rows) position that predicts the token
	next     []int32 // (rows) the token's own position
	targets  []int32 // (rows)
	mask     []T     // (rows) 1, or 0 for padding
	ask      []int32 // (questions*askSeq) tokens
	answerAt []int32 // (answers) position that predicts the answer token
	answer   []int32 // (answers)
	weight   []T     // (answers) share of the outer loss

	program *ad.Program[T]
	loss    *ad.Node[T] // (1, 1) outer loss
	nll     *ad.Node[T] // (answers, 1)
	weights *ad.Node[T] // (rows, 1) token weights of the write
	adapter []*ad.Node[T]
	grads   []*ad.Node[T] // by parameter; nil where the loss does not depend on it
}

// newEpisode builds and compiles the program; it reads params' data at every run.
func newEpisode[T kernel.Float](c *Config, params []*param, s shape, pool *ad.Pool[T]) (*episode[T], error) {
	e := newInputs[T](c, s)
	g := ad.NewGraph(pool)
	leaves := newLeaves(g, params)
	e.build(g, newNetwork(c, params, leaves))
	e.grads = ad.Grad(e.loss, leaves...)
	var err error
	e.program, err = compile(g, append([]*ad.Node[T]{e.loss, e.nll, e.weights}, e.adapter...), e.grads)
	return e, err
}

// newInputs is an episode without a program.
func newInputs[T kernel.Float](c *Config, s shape) *episode[T] {
	return &episode[T]{c: c, shape: s,
		write: make([]int32, s.chunks*c.seq()), at: make([]int32, s.rows), next: make([]int32, s.rows), targets: make([]int32, s.rows), mask: make([]T, s.rows),
		ask: make([]int32, c.Questions*c.AskTokens), answerAt: make([]int32, c.Answers), answer: make([]int32, c.Answers), weight: make([]T, c.Answers)}
}

// build adds the outer loss to the graph.
func (e *episode[T]) build(g *ad.Graph[T], net *network[T]) {
	c, embed := e.c, net.weights["embed"]
	scale := T(c.Model.LogitScale)
	mask := g.Leaf("mask", e.shape.rows, 1, e.mask)
	doc := net.stream(e.write, c.seq())
	head := ad.Head[T]{Scale: scale, Targets: e.targets}
	predict := func(x *ad.Node[T]) *ad.Node[T] { return ad.RMSNorm(ad.Gather(x, e.at), c.Model.NormEps) }

	base := doc.hidden(nil)
	e.weights = weigh(net, ad.RMSNorm(base, c.Model.NormEps), e.at, e.next, mask)

	phi := map[string]pair[T]{}
	for _, t := range c.Targets {
		phi[t.Module] = pair[T]{net.weights[nameA(t.Module)], net.weights[nameB(t.Module)]}
	}
	phi = innerLoop(c, phi, net.weights[nameRates], func(phi map[string]pair[T]) *ad.Node[T] {
		nll := head.Nll(predict(doc.hidden(phi)), embed)
		return ad.Scale(ad.Sum(ad.Mul(nll, e.weights)), T(1/c.LossDivisor))
	}, ridge(doc, e.at, e.weights))
	for _, t := range trainedTensors[T](c) {
		e.adapter = append(e.adapter, t.of(phi))
	}

	answers := ad.Gather(net.stream(e.ask, c.AskTokens).hidden(phi), e.answerAt)
	e.nll = ad.Head[T]{Scale: scale, Targets: e.answer}.Nll(ad.RMSNorm(answers, c.Model.NormEps), embed)
	e.loss = ad.Sum(ad.Mul(e.nll, g.Leaf("weight", c.Answers, 1, e.weight)))
	if n := int(c.AuxShare * float64(e.shape.rows)); c.Aux > 0 && n > 0 {
		// A share of the rows is enough for the auxiliary language-model loss; chunks come in random order, so that it is a random share.
		aux := ad.Head[T]{Scale: scale, Targets: e.targets[:n]}.Nll(ad.RMSNorm(ad.Gather(base, e.at[:n]), c.Model.NormEps), embed)
		e.loss = ad.Add(e.loss, ad.Scale(ad.Sum(ad.Mul(aux, ad.Rows(mask, 0, n))), T(c.Aux/float64(n))))
	}
}

// ridge gives, by module, the inverse of the weighted covariance of the document's keys, (sum_t w_t k_t k_t^T / LossDivisor + lambda I)^-1 with the
// keys k_t = Scale f(A x_t) at the positions that predict. Keys and weights are the same in all inner steps, so it is built once.
func ridge[T kernel.Float](doc *stream[T], at []int32, weights *ad.Node[T]) func(string) *ad.Node[T] {
	built := map[string]*ad.Node[T]{}
	return func(module string) *ad.Node[T] {
		if n, ok := built[module]; ok {
			return n
		}
		c := doc.net.c
		keys := ad.Gather(doc.memo[module+".lora"], at)
		gram := ad.MatMul(keys, ad.RowScale(keys, weights), true, false)
		n := ad.InverseSPD(ad.AddDiagonal(ad.Scale(gram, T(c.Scale*c.Scale/c.LossDivisor)), ad.Exp(doc.net.weights[nameRidge])))
		built[module] = n
		return n
	}
}

// weigh gives the (rows, 1) token weights: recipe.Weighting's head on the base model's final hidden states, times the mask.
func weigh[T kernel.Float](net *network[T], h *ad.Node[T], at, next []int32, mask *ad.Node[T]) *ad.Node[T] {
	if net.c.WeightHidden == 0 {
		return ad.Scale(mask, 1)
	}
	w := net.weights
	both := ad.Concat(ad.Gather(h, at), ad.Gather(h, next))
	u := ad.Gelu(ad.AddRow(ad.MatMul(both, w[nameW1], false, true), w[nameB1]))
	v := ad.AddRow(ad.MatMul(u, w[nameW2], false, true), w[nameB2])
	return ad.Mul(ad.Softplus(v, recipe.Beta), mask)
}
