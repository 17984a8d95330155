package engine

import (
	"context"
	"crypto/sha256"
	"iter"
	"os"

	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
	"github.com/perkdb/perk/reasoner"
)

// Options are an Engine's settings.
type Options struct {
	Version string // of the program
	Store   adapterstore.Options
	Logger  zerolog.Logger
	// Name is what Find takes to give the engine's own model again; "": the model's name. Find opens the model that answered for a collection before, until this one
	// has written all of its documents; nil: they are pending until then.
	Name string
	Find func(ctx context.Context, name string) (*models.Model, error)

	EncodeThreads int          // 0: as many as the Go runtime uses
	AnswerThreads int          // the same
	Precision     lm.Precision // of the weights that answer
}

// Engine is a plugin.Module. It may be used by several goroutines and must be closed.
type Engine struct {
	info  plugin.Info
	store *adapterstore.Store
	enc   *encoder.Encoder
	rea   *reasoner.Reasoner

	answers reasoner.Options    // of every model that answers
	turn    *semaphore.Weighted // of the one encode under way
	log     zerolog.Logger

	contents contents
	serving  serving
}

var _ plugin.Module = (*Engine)(nil)

// Open opens the store in dir, which is made when it is missing, for a model. Errors: those of adapterstore.Open (EConflict where another process holds
// dir), EStale and EInvalid (model and recipe do not fit).
func Open(dir string, m *models.Model, o Options) (*Engine, error) {
	e := &Engine{answers: reasoner.Options{Precision: o.Precision, Threads: o.AnswerThreads}, turn: semaphore.NewWeighted(1), log: o.Logger.With().Str("room", "engine").Logger()}
	var err error
	if e.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: o.EncodeThreads}); err != nil {
		return nil, err
	}
	o.Store.Logger = o.Logger
	if e.store, err = adapterstore.Open(dir, o.Store); err != nil {
		return nil, err
	}
	if e.rea, err = reasoner.New(m.LM, m.Tokenizer, m.Recipe, e.store, e.answers); err != nil {
		e.store.Close()
		return nil, err
	}
	e.info = plugin.Info{
		Version: o.Version, Protocol: plugin.ProtocolVersion, Model: m.ID, ModelName: m.Name, Recipe: m.RecipeID, Context: m.LM.Config().Context,
		StoreDir: dir, PID: os.Getpid(), Kernel: kernel.Features(), Params: m.Parameters(),
	}
	if o.Name == "" {
		o.Name = m.Name
	}
	e.serving = serving{e: e, own: served{o.Name, m.ID, m.RecipeID}, find: o.Find, collections: map[string]*collection{}, earlier: map[served]*earlier{}}
	e.log.Info().Str("model", m.Name).Str("model_id", m.ID.Short()).Str("recipe", m.RecipeID.Short()).Str("dir", dir).Msg("opened model and store")
	if m.Recipe.Untrained {
		e.log.Warn().Str("model", m.Name).Msg("the recipe is not meta-trained: adapters are written, but the base model was never taught to answer from them")
	}
	return e, nil
}

// Close closes the store.
func (e *Engine) Close() error { return e.store.Close() }

// Info implements plugin.Module.
func (e *Engine) Info(context.Context) (plugin.Info, error) { return e.info, nil }

// Encode implements plugin.Module.
func (e *Engine) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	const op = "engine.Encode"
	if len(d.Text) > plugin.MaxDocument {
		return perk.AdapterInfo{}, perk.Errorf(perk.EInvalid, op, "%s has %d bytes of text, at most %d are allowed", d.ID, len(d.Text), plugin.MaxDocument).
			WithHint("split the document")
	}
	if err := e.turn.Acquire(ctx, 1); err != nil {
		return perk.AdapterInfo{}, perk.E(perk.ECanceled, op, err)
	}
	defer e.turn.Release(1)
	a, err := e.enc.Encode(ctx, d, progress)
	if err != nil {
		return perk.AdapterInfo{}, err
	}
	if err := e.put(ctx, a); err != nil {
		return perk.AdapterInfo{}, err
	}
	e.log.Info().Stringer("doc", d.ID).Int("tokens", a.Tokens).Int("steps", a.Steps).Floats64("loss", a.Loss).
		Int64("bytes", a.Bytes).Float64("seconds", a.Seconds).Msg("encoded a document")
	return a.AdapterInfo, nil
}

// put stores a document's adapter of the own model.
func (e *Engine) put(ctx context.Context, a *perk.Adapter) error {
	if err := e.store.Put(ctx, a); err != nil {
		return err
	}
	id := a.Key.Document
	e.contents.put(id, a.Content)
	return e.serving.written(ctx, id)
}

// Ask implements plugin.Module.
func (e *Engine) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	before, err := e.serving.reasoner(ctx, q.Document.Collection)
	if err != nil {
		return nil, err
	}
	if before != nil {
		a, err := before.Ask(ctx, q, emit)
		if code := perk.ErrorCode(err); code != perk.ENotFound && code != perk.EStale {
			return a, err
		}
		// A document that is new or has changed since the switch began has an adapter of the own model first. Nothing was emitted.
	}
	return e.rea.Ask(ctx, q, emit)
}

// AskAll implements plugin.Module. The questions are decoded together, and the adapters of the next ones are loaded meanwhile.
func (e *Engine) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	return plugin.AskEach(reasoner.OneCaller(ctx), e, e.rea.Places(), questions, done)
}

// Forget implements plugin.Module.
func (e *Engine) Forget(ctx context.Context, id perk.DocumentID) (int, error) {
	n, err := e.store.Delete(ctx, id)
	if err == nil {
		e.contents.drop(id)
		err = e.serving.written(ctx, id)
	}
	return n, err
}

// List implements plugin.Module.
func (e *Engine) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		for info, err := range e.store.List(ctx, collection) {
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// Describe implements plugin.Module.
func (e *Engine) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	return e.store.Info(ctx, e.enc.Key(id))
}

// Verify implements plugin.Module.
func (e *Engine) Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error) {
	if report == nil {
		report = func(perk.AdapterKey, error) {}
	}
	return e.store.Verify(ctx, report)
}

// Export implements plugin.Module.
func (e *Engine) Export(ctx context.Context, id perk.DocumentID) (*perk.Adapter, error) {
	return e.store.Get(ctx, e.enc.Key(id))
}

// Import implements plugin.Module.
func (e *Engine) Import(ctx context.Context, a *perk.Adapter) error {
	const op = "engine.Import"
	if err := a.Key.Document.Validate(); err != nil {
		return err
	}
	if want := e.enc.Key(a.Key.Document); a.Key != want {
		return perk.Errorf(perk.EStale, op, "the adapter is one of %s, this module's are of %s", a.Key, want).WithHint("import it into a store of its own model")
	}
	if a.Bytes != int64(len(a.Payload)) || a.Digest != sha256.Sum256(a.Payload) {
		return perk.Errorf(perk.ECorrupt, op, "the payload of %s is not the one described", a.Key)
	}
	if _, err := e.rea.Load(a.Payload); err != nil { // nothing that cannot answer is stored
		return err
	}
	if err := e.put(ctx, a); err != nil {
		return err
	}
	e.log.Info().Stringer("doc", a.Key.Document).Int64("bytes", a.Bytes).Msg("imported an adapter")
	return nil
}

// GC implements plugin.Module.
func (e *Engine) GC(ctx context.Context) (int64, error) { return e.store.GC(ctx) }

// Meta implements plugin.Module.
func (e *Engine) Meta(ctx context.Context, key string) ([]byte, error) {
	return e.store.Meta(ctx, key)
}

// SetMeta implements plugin.Module.
func (e *Engine) SetMeta(ctx context.Context, key string, value []byte) error {
	return e.store.SetMeta(ctx, key, value)
}
