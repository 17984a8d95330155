package meta

import (
	"context"
	"math"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
)

// Trainer meta-trains a base model and its recipe from nothing but a seed and a corpus, or the recipe alone. Its state after a step depends on the configuration, the
// corpus and the number of steps only, not on the number of workers.
type Trainer struct {
	c       *Config
	base    *lm.Model // where it does not train; else nil
	tok     recipe.Tokenizer
	sampler sampler
	puzzles *puzzles // nil: none in pretraining
	params  []*param
	m, v    [][]float32 // AdamW's moments by parameter
	step    int         // outer steps made, pretraining included
	workers []*worker
	grads   [][]float32 // (params) sum over the documents of a step
}

// worker owns the compiled programs of one goroutine.
type worker struct {
	*episode[float32]
	clm *pretrain
}

// Stats tells what one outer step did.
type Stats struct {
	Step      int      `json:"step"`
	Loss      float64  `json:"loss"`     // mean outer loss of the step's documents, nats a token
	Accuracy  float64  `json:"accuracy"` // share of questions of which every answer token was more likely than not
	GradNorm  float64  `json:"grad_norm"`
	LR        float64  `json:"lr"`
	Documents int      `json:"documents"`
	Tokens    int      `json:"tokens"` // document tokens
	Weight    float64  `json:"weight"` // mean token weight of the write
	ByTask    []ByTask `json:"by_task"`
}

// ByTask is a task's part of a step.
type ByTask struct {
	Task      string `json:"task"`
	Right     int    `json:"right"`
	Questions int    `json:"questions"`
}

// New starts training at step 0: of a recipe for base, which stays as it is, or with a nil one of a base model too. Errors: EInvalid, ENotFound (the data of a task).
func New(c *Config, base *lm.Model, tok recipe.Tokenizer, d Data, workers int) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if (base == nil) == c.frozen() || base != nil && base.ID() != c.Base {
		return nil, perk.Errorf(perk.EInvalid, "meta.New", "the training configuration is of another base model").WithHint("parse it for this one")
	}
	if n := tok.VocabSize(); n != c.Model.Vocab && !(c.frozen() && n < c.Model.Vocab) { // published models pad their embedding
		return nil, perk.Errorf(perk.EInvalid, "meta.New", "the tokenizer has %d tokens, the model's vocab is %d", n, c.Model.Vocab)
	}
	sampler, err := newSampler(c, tok, recipe.Prompt{}, d)
	if err != nil {
		return nil, err
	}
	if c.Foreign != nil && sampler.specials.Absent == nil {
		return nil, perk.Errorf(perk.EInvalid, "meta.New", "foreign questions are answered with a special token, which the vocabulary does not have").
			WithHint("leave foreign out of the training configuration")
	}
	params, err := newParams(c)
	if err != nil {
		return nil, err
	}
	t := &Trainer{c: c, base: base, tok: tok, params: params, sampler: sampler}
	if c.Pretrain > 0 && c.Puzzles > 0 {
		if t.puzzles, err = newPuzzles(tok, sampler.specials); err != nil {
			return nil, err
		}
	}
	for _, p := range params {
		t.m = append(t.m, make([]float32, len(p.Data)))
		t.v = append(t.v, make([]float32, len(p.Data)))
		t.grads = append(t.grads, make([]float32, len(p.Data)))
	}
	for range max(1, workers) {
		e, err := newEpisode[float32](c, base, params, groupSequences)
		if err != nil {
			return nil, perk.E(perk.EInternal, "meta.New", err)
		}
		t.workers = append(t.workers, &worker{episode: e})
	}
	return t, nil
}

// Done reports whether the configuration's steps are made.
func (t *Trainer) Done() bool { return t.step >= t.total() }

// Steps gives the steps made and the steps in all, pretraining included.
func (t *Trainer) Steps() (made, total int) { return t.step, t.total() }

func (t *Trainer) total() int { return t.c.Pretrain + t.c.OuterSteps }

// result is what one document adds to a step.
type result struct {
	sample *sample
	grads  [][]float32
	loss   float64
	right  int
	weight float64
}

// Step makes one outer step: a batch of documents of one length, each written by the inner loop and asked. Errors: ECanceled, EInternal (the
// loss is not finite).
func (t *Trainer) Step(ctx context.Context) (Stats, error) {
	if t.step < t.c.Pretrain {
		return t.pretrainStep(ctx)
	}
	outer := t.step - t.c.Pretrain
	done := float64(outer) / float64(t.c.OuterSteps)
	tokens := t.sampler.length(rand.New(rand.NewPCG(t.c.Seed, uint64(t.step)<<20)), done)
	documents := 2 * max(1, int(math.Round(float64(t.c.Budget)/float64(2*tokens))))
	results := make([]result, documents)
	err := t.parallel(ctx, documents, func(w *worker, i int) error {
		rng := rand.New(rand.NewPCG(t.c.Seed, uint64(t.step)<<20+uint64(i)+1))
		s, err := t.sampler.draw(rng, tokens, done)
		if err != nil {
			return err
		}
		o, err := w.run(ctx, s)
		if err == nil {
			results[i] = result{sample: s, loss: o.loss, right: right(o.nll, s.asks), weight: o.weight, grads: o.outer}
		}
		return err
	})
	if err != nil {
		return Stats{}, err
	}
	st := Stats{Documents: documents, Tokens: documents * tokens}
	share := float32(1 / float64(documents))
	questions, right := 0, 0
	for _, r := range results {
		t.accumulate(share, r.grads)
		st.Loss += r.loss / float64(documents)
		st.Weight += r.weight / float64(documents)
		questions += len(r.sample.asks)
		right += r.right
		st.ByTask = append(st.ByTask, ByTask{r.sample.task, r.right, len(r.sample.asks)})
	}
	st.Accuracy = float64(right) / float64(questions)
	if d := t.c.Drills; d != nil && done >= d.From {
		if err := t.drills(ctx, &st); err != nil {
			return Stats{}, err
		}
	}
	return t.update(st)
}

// accumulate adds one document's gradients; nil ones are zero.
func (t *Trainer) accumulate(share float32, grads [][]float32) {
	for i, g := range grads {
		if g != nil {
			kernel.Axpy(share, g, t.grads[i])
		}
	}
}

// parallel runs f for the documents of a step; document i always goes to worker i mod workers.
func (t *Trainer) parallel(ctx context.Context, documents int, f func(w *worker, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for k, w := range t.workers {
		g.Go(func() error {
			for i := k; i < documents; i += len(t.workers) {
				if err := ctx.Err(); err != nil {
					return perk.E(perk.ECanceled, "meta.Step", err)
				}
				if err := f(w, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// update clips the summed gradients and makes AdamW's step.
func (t *Trainer) update(st Stats) (Stats, error) {
	var sq float64
	for _, g := range t.grads {
		sq += float64(kernel.SumSq(g))
	}
	st.GradNorm = math.Sqrt(sq)
	if math.IsNaN(st.Loss) || math.IsInf(sq, 0) || math.IsNaN(sq) {
		return st, perk.Errorf(perk.EInternal, "meta.Step", "step %d: loss %v, gradient norm %v", t.step, st.Loss, st.GradNorm).
			WithHint("training diverged; resume from the last checkpoint with a lower lr")
	}
	clip := float32(min(1, t.c.Clip/(st.GradNorm+1e-12)))
	schedule := t.schedule()
	st.LR = t.c.LR * schedule
	for i, p := range t.params {
		g := t.grads[i]
		kernel.Scale(g, clip, g)
		lr, wd := st.LR, t.c.WD
		if p.Rate {
			lr, wd = t.c.RateLR*schedule, 0
		}
		kernel.AdamW(p.Data, g, t.m[i], t.v[i], float32(lr), 0.9, 0.95, 1e-8, float32(wd), t.step+1)
		clear(g)
	}
	t.step++
	st.Step = t.step
	return st, nil
}

// schedule is the factor of the learning rates: linear warm-up, constant, linear decay to 0.
func (t *Trainer) schedule() float64 {
	f := 1.0
	if t.step < t.c.Warmup {
		f = float64(t.step+1) / float64(t.c.Warmup)
	}
	if left := float64(t.total()-t.step) / float64(t.total()); left < t.c.Decay {
		f *= left / t.c.Decay
	}
	return f
}
