package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/plugin"
)

// catalogue finds the collections that a served source has. Each collection's source is opened once.
type catalogue struct {
	a      *app
	o      *sourceOptions // Collection: several names with commas between, or for Weaviate none
	module plugin.Module

	mu   sync.Mutex
	open map[string]perk.Source
}

// Collections implements indexer.Catalogue.
func (c *catalogue) Collections(ctx context.Context) (map[string]perk.Source, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := map[string]perk.Source{}
	names, err := c.names(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if now[name] = c.open[name]; now[name] == nil {
			if now[name], err = c.openOne(ctx, name); err != nil {
				return nil, err
			}
		}
	}
	c.open = now
	return maps.Clone(now), nil
}

// names lists the collections that are to be served now, and notes in gone, as nil, those that were dropped since they were served.
func (c *catalogue) names(ctx context.Context, gone map[string]perk.Source) ([]string, error) {
	if c.o.Weaviate == "" {
		return []string{cmp.Or(c.o.Collection, defaultCollection)}, nil
	}
	client, err := c.o.connect()
	if err != nil {
		return nil, err
	}
	all, err := client.Collections(ctx)
	if err != nil {
		return nil, err
	}
	before, err := collections(ctx, c.module)
	if err != nil {
		return nil, err
	}
	for _, name := range before {
		o, err := c.a.recallSource(ctx, c.module, name)
		if err != nil {
			return nil, err
		}
		if _, there := all[name]; !there && o.Weaviate == c.o.Weaviate {
			gone[name] = nil
		}
	}
	wanted := c.o.collections()
	var names []string
	for name, texts := range all {
		lacks := func(p string) bool { return !slices.Contains(texts, p) }
		if slices.Contains(wanted, name) || len(wanted) == 0 && !slices.ContainsFunc(append(c.o.properties(), weaviate.RefProperty), lacks) {
			names = append(names, name)
		}
	}
	for _, name := range wanted {
		if _, there := all[name]; !there && !slices.Contains(before, name) { // never seen: a slip of the pen
			return nil, perk.Errorf(perk.ENotFound, "serve", "Weaviate at %s has no collection %q", c.o.Weaviate, name).WithHint("create it; collection names begin with a capital")
		}
	}
	return names, nil
}

// openOne opens a collection's source and keeps it beside the adapters for other commands.
func (c *catalogue) openOne(ctx context.Context, name string) (perk.Source, error) {
	o := *c.o
	o.Collection = name
	source, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	if w, ok := source.(*weaviate.Source); ok {
		if err := w.CheckRefs(ctx); err != nil {
			o.log.Warn().Err(err).Msg("prompts cannot name the collection's objects yet; run `perk index --write-refs`")
			o.writeRefs = false // no property to write to
		}
	}
	return source, o.remember(ctx, c.module)
}

// Forget implements indexer.Catalogue.
func (c *catalogue) Forget(ctx context.Context, collection string) error {
	return forgetSource(ctx, c.module, collection)
}

// collections splits the names.
func (o *sourceOptions) collections() []string {
	var names []string
	for name := range strings.SplitSeq(o.Collection, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// describe says what is served, for people.
func (o *sourceOptions) describe() string {
	switch names := o.collections(); {
	case o.Weaviate != "" && len(names) == 0:
		return "all collections of " + o.Weaviate
	case len(names) > 0:
		return "collection " + strings.Join(names, ", ")
	}
	return "collection " + defaultCollection
}
