package weaviatemodule

import (
	"context"
	"iter"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/internal/locate"
	"github.com/perkdb/perk/plugin"
)

// remote is the part of the plugin that the indexer needs, whichever process it is at the moment.
type remote struct{ link *link }

var _ indexer.Module = remote{}

// via calls the plugin that is there.
func via[T any](ctx context.Context, l *link, f func(plugin.Module) (T, error)) (T, error) {
	m, err := l.module(ctx)
	if err != nil {
		var none T
		return none, err
	}
	return f(m)
}

// Info implements indexer.Module.
func (r remote) Info(ctx context.Context) (plugin.Info, error) {
	return via(ctx, r.link, func(m plugin.Module) (plugin.Info, error) { return m.Info(ctx) })
}

// Encode implements indexer.Module.
func (r remote) Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error) {
	return via(ctx, r.link, func(m plugin.Module) (perk.AdapterInfo, error) { return m.Encode(ctx, d, progress) })
}

// Describe implements indexer.Module.
func (r remote) Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error) {
	return via(ctx, r.link, func(m plugin.Module) (perk.AdapterInfo, error) { return m.Describe(ctx, id) })
}

// Forget implements indexer.Module.
func (r remote) Forget(ctx context.Context, id perk.DocumentID) (int, error) {
	return via(ctx, r.link, func(m plugin.Module) (int, error) { return m.Forget(ctx, id) })
}

// List implements indexer.Module.
func (r remote) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	m, err := r.link.module(ctx)
	if err != nil {
		return func(yield func(perk.AdapterInfo, error) bool) { yield(perk.AdapterInfo{}, err) }
	}
	return m.List(ctx, collection)
}

// GC implements indexer.Module.
func (r remote) GC(ctx context.Context) (int64, error) {
	return via(ctx, r.link, func(m plugin.Module) (int64, error) { return m.GC(ctx) })
}

// Meta implements indexer.Module.
func (r remote) Meta(ctx context.Context, key string) ([]byte, error) {
	return via(ctx, r.link, func(m plugin.Module) ([]byte, error) { return m.Meta(ctx, key) })
}

// SetMeta implements indexer.Module.
func (r remote) SetMeta(ctx context.Context, key string, value []byte) error {
	_, err := via(ctx, r.link, func(m plugin.Module) (struct{}, error) { return struct{}{}, m.SetMeta(ctx, key, value) })
	return err
}

// guarded is the plugin as other programs get it over the socket: a question that does not say what the document's present text is has it read from
// the database first.
type guarded struct {
	plugin.Module
	text func(ctx context.Context, id perk.DocumentID) (perk.Document, error)
}

// Ask implements plugin.Module.
func (g *guarded) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	if !q.Content.IsZero() {
		return g.Module.Ask(ctx, q, emit)
	}
	d, err := g.text(ctx, q.Document)
	if err != nil {
		return nil, err
	}
	return locate.Ask(ctx, g.Module, q, d.Text, emit)
}

// AskAll implements plugin.Module.
func (g *guarded) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	for _, q := range questions {
		if q.Content.IsZero() {
			return plugin.AskEach(ctx, g, 1, questions, done)
		}
	}
	return g.Module.AskAll(ctx, questions, done)
}
