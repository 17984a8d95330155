package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
	"github.com/perkdb/perk/internal/locate"
	"github.com/perkdb/perk/plugin"
)

// guard is a module that answers only from adapters of present texts: before a question it reads the document from its source, unless
// the question says already what the text is; it then finds the answer's facts in that text. The source is one of those that are served, or the one that the collection was last indexed from.
type guard struct {
	plugin.Module
	a       *app
	sources endpoint.Sources // nil: none is served
}

// Ask implements plugin.Module.
func (g *guard) Ask(ctx context.Context, q perk.Question, emit func(string) error) (*perk.Answer, error) {
	if !q.Content.IsZero() {
		return g.Module.Ask(ctx, q, emit)
	}
	source, err := g.source(ctx, q.Document.Collection)
	if err != nil {
		return nil, err
	}
	if source == nil {
		return g.Module.Ask(ctx, q, emit)
	}
	d, err := source.Document(ctx, q.Document)
	if perk.ErrorCode(err) == perk.ENotFound {
		return nil, perk.Errorf(perk.ENotFound, "ask", "there is no document %s: %w", q.Document, err).
			WithHint("`perk adapter ls` lists the documents that can be asked; a deleted one is not answered for")
	}
	if err != nil {
		return nil, err
	}
	return locate.Ask(ctx, g.Module, q, d.Text, emit)
}

// AskAll implements plugin.Module.
func (g *guard) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	if slices.ContainsFunc(questions, func(q perk.Question) bool { return q.Content.IsZero() }) {
		return plugin.AskEach(ctx, g, runtime.GOMAXPROCS(0), questions, done)
	}
	return g.Module.AskAll(ctx, questions, done)
}

// source finds a collection's source; nil where it was never indexed.
func (g *guard) source(ctx context.Context, collection string) (perk.Source, error) {
	if g.sources != nil {
		if s := g.sources(collection); s != nil {
			return s, nil
		}
	}
	o, err := g.a.recallSource(ctx, g.Module, collection)
	if perk.ErrorCode(err) == perk.ENotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return o.open(ctx)
}
