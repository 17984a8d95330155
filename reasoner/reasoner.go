package reasoner

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
)

// Store is what a Reasoner reads of a perk.AdapterStore.
type Store interface {
	Get(ctx context.Context, k perk.AdapterKey) (*perk.Adapter, error)
	Info(ctx context.Context, k perk.AdapterKey) (perk.AdapterInfo, error)
}

// Options are a Reasoner's settings.
type Options struct {
	CacheBytes int64        // bytes of loaded adapters kept; 0: DefaultCacheBytes, negative: none
	MaxTokens  int          // longest reply of a question that does not say, support included; 0: DefaultMaxTokens
	Batch      int          // most questions that one thread decodes at once; 0: DefaultBatch
	Queue      int          // most questions that wait for a place; more get EBusy; 0: DefaultQueue
	Threads    int          // that decode; 0: as many as the Go runtime uses
	Precision  lm.Precision // of the base model's matrices and the adapters'
}

// Defaults of Options.
const (
	DefaultCacheBytes = 256 << 20
	DefaultMaxTokens  = 384
	DefaultBatch      = 32
	DefaultQueue      = 4096
)

// Reasoner answers questions with one base model and one recipe. It may be shared by goroutines, whose questions are decoded together, on Options.Threads
// threads.
type Reasoner struct {
	tok       recipe.Tokenizer
	specials  recipe.Specials
	recipe    *recipe.Recipe
	base      perk.ModelID
	id        perk.RecipeID
	weights   *lm.Weights
	lanes     *lanes
	store     Store
	cache     *cache
	flights   singleflight.Group
	maxTokens int
}

var _ perk.Reasoner = (*Reasoner)(nil)

// New makes a reasoner. store may be nil when only AskWith is used. Errors: EStale (the recipe belongs to another base model), EInvalid (a damaged
// recipe, or a model or tokenizer that it does not fit).
func New(model *lm.Model, tok recipe.Tokenizer, r *recipe.Recipe, store Store, o Options) (*Reasoner, error) {
	base, id, err := r.Bind(model, tok)
	if err != nil {
		return nil, err
	}
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		return nil, err
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.MaxTokens <= 0 {
		o.MaxTokens = DefaultMaxTokens
	}
	if o.Batch <= 0 {
		o.Batch = DefaultBatch
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	w := model.Weights(o.Precision, r.Init)
	return &Reasoner{tok: tok, specials: sp, recipe: r, base: base, id: id, weights: w,
		lanes: &lanes{weights: w, batch: o.Batch, queue: o.Queue, most: o.Threads}, store: store,
		cache: newCache(o.CacheBytes), maxTokens: o.MaxTokens}, nil
}

// Places is the number of questions that are worth asking at once: those that are decoded together, and as many again whose adapters are loaded meanwhile.
func (r *Reasoner) Places() int { return 2 * r.lanes.batch * r.lanes.most }

// Ask implements perk.Reasoner. A document that has no adapter yet gives ENotFound, "pending"; one whose text is not the one that the
// adapter was written from gives EStale.
func (r *Reasoner) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	const op = "reasoner.Ask"
	if err := q.Document.Validate(); err != nil {
		return nil, err
	}
	prompt, err := r.check(q.Text, q.Options)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	l, err := r.load(ctx, perk.AdapterKey{Document: q.Document, Model: r.base, Recipe: r.id})
	switch {
	case perk.ErrorCode(err) == perk.ENotFound:
		return nil, perk.Errorf(perk.ENotFound, op, "pending: %s is not encoded yet: %w", q.Document, err).
			WithHint("wait until it is indexed, or run perk index")
	case err != nil:
		return nil, perk.E(perk.ErrorCode(err), op, err)
	case !q.Content.IsZero() && q.Content != l.info.Content:
		return nil, perk.Errorf(perk.EStale, op, "stale: the text of %s changed since it was encoded (encoded %s, now %s)",
			q.Document, l.info.Content.Short(), q.Content.Short()).WithHint("wait until it is indexed again, or run perk index")
	}
	took := time.Since(start)
	a, _, err := r.decode(ctx, l.adapted, q.Text, prompt, q.Options, emit)
	if err != nil {
		return nil, err
	}
	a.Load, a.Adapter = took, l.info
	return a, nil
}

// AskWith answers under a given adapter: one that Load made, the recipe's initial one (the model knows how to answer but has read nothing), or nil
// for the base model alone. Load and Adapter of the answer stay empty. Errors: EInvalid, ECanceled.
func (r *Reasoner) AskWith(ctx context.Context, ad *lora.Adapter, question string, o perk.DecodeOptions) (*perk.Answer, error) {
	a, _, err := r.AskSignals(ctx, ad, question, o)
	return a, err
}

// AskSignals is AskWith, and gives what a calibration is fitted on.
func (r *Reasoner) AskSignals(ctx context.Context, ad *lora.Adapter, question string, o perk.DecodeOptions) (*perk.Answer, confidence.Signals, error) {
	prompt, err := r.check(question, o)
	if err != nil {
		return nil, confidence.Signals{}, err
	}
	adapted, err := r.weights.Adapt(ad)
	if err != nil {
		return nil, confidence.Signals{}, err
	}
	a, t, err := r.decode(ctx, adapted, question, prompt, o, nil)
	if err != nil {
		return nil, confidence.Signals{}, err
	}
	return a, t.signals(question, a.Support), nil
}

// check holds a question and its options to what can be answered, and gives the prompt.
func (r *Reasoner) check(question string, o perk.DecodeOptions) ([]int32, error) {
	if err := checkOptions(o); err != nil {
		return nil, err
	}
	return r.prompt(question)
}
