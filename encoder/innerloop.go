package encoder

import (
	"context"
	"math"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
)

// Loop is the inner loop: it writes chunks into an adapter by the recipe's gradient steps. Its fields must not change after the first Run, nor the recipe.
type Loop struct {
	Model       *lm.Model
	Recipe      *recipe.Recipe
	Threads     int   // workers of a pass; the result does not depend on it
	GroupTokens int   // tokens, padding counted, whose gradient is taken at once
	KeepBytes   int64 // memory, as estimated, for passes kept between steps; the groups beyond it run their passes anew in every step

	spare sync.Pool // of *lm.Workers, which a short document would take longer to make than to use
}

// Trace tells what a Run did.
type Trace struct {
	Loss   []float64 // weighted mean token loss before each step, nats
	Groups int
	Round  lora.Rounding // how the stored adapter is best rounded; nil: each element to the next level
	FLOPs  float64       // of the passes, as lm.Pass.FLOPs counts; the weighting head and the hidden states that it reads are not counted
}

// group is a batch of sequences whose gradient is taken at once.
type group struct {
	chunks  int
	batch   lm.Batch
	weights []float32 // (B*T): token weight over LossDivisor, 0 where there is no target
	total   float64   // sum of the token weights
	pass    *lm.Pass  // kept between steps where that spares work and memory allows, else nil
}

// Run makes the recipe's inner steps and gives phi_N. Each step takes the gradient of the sum of the weighted token losses over
// LossDivisor, group by group, and then moves every written tensor at its own rate. The result has the same bits for any number
// of threads; another GroupTokens adds the same terms in another order and differs by rounding. progress may be nil; it is called after
// every group. The context is looked at before every group. Errors: ECanceled; EInvalid (a token outside the vocabulary, a chunk longer than the
// model's context); EInternal (the write diverged: loss or adapter are not finite).
func (l *Loop) Run(ctx context.Context, c *Chunks, progress func(perk.Progress)) (*lora.Adapter, Trace, error) {
	r := l.Recipe
	phi := r.Init.Clone()
	var tr Trace
	if r.Steps == 0 {
		return phi, tr, nil
	}
	var groups []*group
	for _, members := range c.grouped(l.GroupTokens) {
		groups = append(groups, &group{chunks: len(members), batch: c.batch(members)})
	}
	tr.Groups = len(groups)
	grad := phi.Zeros()
	update := newUpdater(r.Rule, phi.Trained())
	var cov *covariance
	if r.Rule.Name == recipe.Ridge {
		cov = newCovariance(r, groups, l.Threads)
	}
	p := perk.Progress{Total: c.Len() * r.Steps}
	workers, ok := l.spare.Get().(*lm.Workers)
	if !ok {
		workers = lm.NewWorkers(l.Threads)
	}
	defer l.spare.Put(workers)
	run := run{Loop: l, workers: workers, keep: l.KeepBytes}
	if r.Steps == 1 || !l.Model.HasTrunk(phi) {
		run.keep = 0 // there is no later step to keep a pass for, or nothing in it
	}
	for step := range r.Steps {
		grad.Clear()
		var loss, total float64
		for _, g := range groups {
			part, err := run.gradient(ctx, g, phi, grad, cov, &tr)
			if err != nil {
				return nil, tr, err
			}
			loss += part
			total += g.total
			p.Step, p.Done, p.Loss = step, p.Done+g.chunks, mean(loss*float64(r.LossDivisor), total)
			if !finite(p.Loss) {
				return nil, tr, diverged("the loss", step, r)
			}
			if progress != nil {
				progress(p)
			}
		}
		tr.Loss = append(tr.Loss, p.Loss)
		if cov != nil {
			if err := cov.whiten(grad); err != nil {
				return nil, tr, err
			}
		}
		update.step(phi.Trained(), grad.Trained(), r.Rates[step])
		for _, t := range phi.Trained() {
			if !finite(float64(kernel.Dot(t.Data, t.Data))) {
				return nil, tr, diverged(t.Name, step, r)
			}
		}
	}
	if cov != nil {
		tr.Round = cov.rounding()
	}
	return phi, tr, nil
}

func diverged(what string, step int, r *recipe.Recipe) error {
	return perk.Errorf(perk.EInternal, "encoder.Run", "the write diverged: %s is not finite in step %d of %d", what, step+1, r.Steps).
		WithHint("the recipe's rates are too large for this document; use a recipe trained on longer documents")
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// run is what the groups of a Run share.
type run struct {
	*Loop
	workers *lm.Workers
	keep    int64     // bytes left for passes that are kept
	hidden  []float32 // of the group that is weighed
}

// gradient adds one group's gradient to grad and gives its weighted loss over LossDivisor.
func (l *run) gradient(ctx context.Context, g *group, phi, grad *lora.Adapter, cov *covariance, tr *Trace) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, perk.E(perk.ECanceled, "encoder.Run", err)
	}
	pass := g.pass
	if pass == nil {
		size := l.passBytes(g.batch)
		keep := size <= l.keep
		var err error
		if pass, err = l.Model.PassOn(ctx, l.workers, g.batch, l.Recipe.Init, keep); err != nil {
			return 0, err
		}
		if keep {
			l.keep -= size
			g.pass = pass
		}
		trunk, _ := pass.FLOPs()
		tr.FLOPs += trunk
	}
	if g.weights == nil {
		if err := l.weigh(ctx, g, pass); err != nil {
			return 0, err
		}
	}
	if cov != nil && cov.factor == nil {
		flops, err := cov.see(ctx, pass, g)
		if err != nil {
			return 0, err
		}
		tr.FLOPs += flops
	}
	_, step := pass.FLOPs()
	tr.FLOPs += step
	if cov != nil {
		return cov.gradient(ctx, pass, g, phi, grad)
	}
	return pass.Gradient(ctx, phi, g.weights, grad)
}

// passBytes bounds what a pass keeps: for each token a residual and a key.
func (l *Loop) passBytes(b lm.Batch) int64 {
	rank := 0
	for _, p := range l.Recipe.Init.Pairs {
		rank = max(rank, p.Rank)
	}
	return 4 * int64(len(b.Tokens)) * int64(l.Model.Config().Dim+rank)
}

// weigh fills the group's weights. They come from the base model alone and hold for all steps.
func (l *run) weigh(ctx context.Context, g *group, pass *lm.Pass) error {
	if l.Recipe.Weighting != nil {
		var err error
		if l.hidden, err = pass.Hidden(ctx, l.hidden); err != nil {
			return err
		}
	}
	g.weights = TokenWeights(l.Recipe.Weighting, l.hidden, g.batch, l.Threads)
	for i, w := range g.weights {
		g.total += float64(w)
		g.weights[i] = w / l.Recipe.LossDivisor
	}
	return nil
}

// mean is sum/n, 0 where every token weighs nothing.
func mean(sum, n float64) float64 {
	if n == 0 {
		return 0
	}
	return sum / n
}
