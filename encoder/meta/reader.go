package meta

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ad"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/models"
)

// Reader trains a baseline: a trained model learns to answer from its prompt, on the same tasks, answers and curriculum as the memory. Every base weight is
// trained. With Settings.Adapter the document is written as well, and the passages stand before the question: then a Reader is a Trainer that starts
// from a model. Like a Trainer's, its state does not depend on the number of workers.
type Reader struct {
	*Trainer
	from       *models.Model
	readers    []*readerWorker // none with an adapter
	quotations quotations
}

// readerWorker owns the compiled programs of one goroutine.
type readerWorker struct {
	pool     *ad.Pool[float32]
	programs map[readingShape]*readingProgram[float32]
}

// NewReader starts at step 0 from a model's weights, tokenizer and, with the adapter, recipe. The configuration's model must be that model's but for its
// context. Errors: EInvalid.
func NewReader(c *Config, from *models.Model, d Data, workers int) (*Reader, error) {
	const op = "meta.NewReader"
	if c.Reader == nil {
		return nil, perk.Errorf(perk.EInvalid, op, "the training configuration has no section reader")
	}
	want := from.LM.Config()
	want.Context = c.Model.Context
	if c.Model != want {
		return nil, perk.Errorf(perk.EInvalid, op, "the configuration is of a model %+v, the one to start from is %+v", c.Model, want).
			WithHint("only context may differ")
	}
	r := &Reader{from: from}
	var err error
	if c.readsOnly() {
		if r.Trainer, err = newBaseTrainer(c, from, d); err != nil {
			return nil, err
		}
		for range max(1, workers) {
			r.readers = append(r.readers, &readerWorker{ad.NewPool[float32](), map[readingShape]*readingProgram[float32]{}})
		}
		r.quotations = quotations{words(from.Tokenizer), r.sampler.specials, c.quotedTokens(), c.Answers}
	} else if r.Trainer, err = New(c, nil, from.Tokenizer, d, workers); err != nil {
		return nil, err
	}
	if err := r.From(from); err != nil {
		return nil, err
	}
	return r, nil
}

// newBaseTrainer makes a trainer of the base weights alone, without workers that write.
func newBaseTrainer(c *Config, from *models.Model, d Data) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	sampler, err := newSampler(c, from.Tokenizer, from.Recipe.Prompt, d)
	if err != nil {
		return nil, err
	}
	t := &Trainer{c: c, tok: from.Tokenizer, sampler: sampler}
	if t.params, err = newParams(c); err != nil {
		return nil, err
	}
	for _, p := range t.params {
		n := len(p.Data)
		t.m, t.v, t.grads = append(t.m, make([]float32, n)), append(t.v, make([]float32, n)), append(t.grads, make([]float32, n))
	}
	return t, nil
}

// Run is Trainer.Run with the reader's steps.
func (r *Reader) Run(ctx context.Context, dir string, every time.Duration, progress func(Stats, *Line)) error {
	return r.run(ctx, dir, every, r.Step, progress)
}

// Step makes one step: a batch of documents of one length, each read and asked about; in pretraining of prompts to quote from. Errors: ECanceled, EInternal (the
// loss is not finite).
func (r *Reader) Step(ctx context.Context) (Stats, error) {
	if !r.c.readsOnly() {
		return r.Trainer.Step(ctx)
	}
	next := r.next()
	documents := 2 * max(1, int(math.Round(float64(r.c.Budget)/float64(2*next.tokens))))
	results := make([]result, documents)
	group, ctx := errgroup.WithContext(ctx)
	for k, w := range r.readers { // document i always goes to worker i mod workers
		group.Go(func() error {
			for i := k; i < documents; i += len(r.readers) {
				s, err := next.draw(rand.New(rand.NewPCG(r.c.Seed, uint64(r.step)<<20+uint64(i)+1)))
				if err == nil {
					results[i], err = r.read(ctx, w, s)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Stats{}, err
	}
	st := Stats{Documents: documents, Tokens: documents * next.tokens}
	questions, right := 0, 0
	for _, x := range results {
		r.accumulate(1/float32(documents), x.grads)
		st.Loss += x.loss / float64(documents)
		questions += len(x.sample.asks)
		right += x.right
		st.ByTask = append(st.ByTask, ByTask{x.sample.task, x.right, len(x.sample.asks)})
	}
	st.Accuracy = float64(right) / float64(questions)
	return r.update(st)
}

// readingBatch is what the documents of a step have in common.
type readingBatch struct {
	tokens int // of each document
	draw   func(rng *rand.Rand) (*sample, error)
}

// next chooses a step's batch.
func (r *Reader) next() readingBatch {
	rng := rand.New(rand.NewPCG(r.c.Seed, uint64(r.step)<<20))
	if r.step < r.c.Pretrain {
		n := r.quotations.length(rng, float64(r.step)/float64(r.c.Pretrain))
		return readingBatch{max(n, leastQuoted), func(rng *rand.Rand) (*sample, error) { return r.quotations.sample(rng, n), nil }}
	}
	done := float64(r.step-r.c.Pretrain) / float64(r.c.OuterSteps)
	n := r.sampler.length(rng, done)
	return readingBatch{n, func(rng *rand.Rand) (*sample, error) { return r.sampler.draw(rng, n, done) }}
}

// read computes one document's loss and gradients, reading by reading.
func (r *Reader) read(ctx context.Context, w *readerWorker, s *sample) (result, error) {
	out := result{sample: s, grads: make([][]float32, len(r.params))}
	roots := 0.0
	for _, x := range s.readings {
		roots += x.roots()
	}
	for _, x := range s.readings {
		if err := ctx.Err(); err != nil {
			return out, perk.E(perk.ECanceled, "meta.Step", err)
		}
		shape := shapeOfReading(x)
		p, ok := w.programs[shape]
		if !ok {
			var err error
			if p, err = newReadingProgram(r.c, r.params, shape, w.pool); err != nil {
				return out, perk.E(perk.EInternal, "meta.Step", err)
			}
			w.programs[shape] = p
		}
		p.load(x, roots)
		if err := p.program.Run(); err != nil {
			return out, perk.E(perk.EInternal, "meta.Step", err)
		}
		out.loss += float64(p.loss.Value()[0])
		out.right += right(p.nll.Value(), x.asks)
		addGradients(out.grads, p.grads)
	}
	return out, nil
}

// Export gives the reader's model. Without an adapter the recipe is the one of the model that it started from, bound to the new weights: it lays the
// questions out, but nobody has trained these weights to be written with it.
func (r *Reader) Export() (*lm.Model, *recipe.Recipe, error) {
	if !r.c.readsOnly() {
		return r.Trainer.Export()
	}
	weights := map[string][]float32{}
	for _, p := range r.params {
		weights[p.Name] = slices.Clone(p.Data)
	}
	model, err := lm.New(r.c.Model, weights)
	if err != nil {
		return nil, nil, err
	}
	out := *r.from.Recipe
	if out.Model, err = recipe.BaseID(model.ID(), r.tok); err != nil {
		return nil, nil, err
	}
	return model, &out, out.Validate()
}
