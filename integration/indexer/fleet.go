package indexer

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// Catalogue tells which collections there are.
type Catalogue interface {
	// Collections gives the source of each collection that is to be followed now, always the same one for a collection, and a nil source for each that was
	// followed once and was dropped since. One that it leaves out is not followed any more and keeps its adapters.
	Collections(ctx context.Context) (map[string]perk.Source, error)
	// Forget is told after everything that was kept of a dropped collection was removed.
	Forget(ctx context.Context, collection string) error
}

// discoverEvery is the time between two looks at the catalogue, which cost little, where Options.Look says nothing.
const discoverEvery = 10 * time.Second

// Fleet follows the collections that a database has, one Indexer each: it takes up those that come and clears those that are dropped.
type Fleet struct {
	module    Module
	catalogue Catalogue
	o         Options
	log       zerolog.Logger

	mu    sync.Mutex
	ships map[string]*ship
}

// ship is one followed collection.
type ship struct {
	source perk.Source
	*Indexer
	stop func() // ends Follow and waits
}

// NewFleet makes a fleet; it starts nothing. Of the options Collection is filled in. Errors: EInvalid (limits).
func NewFleet(module Module, catalogue Catalogue, o Options, log zerolog.Logger) (*Fleet, error) {
	if err := o.Limits.check(); err != nil {
		return nil, err
	}
	return &Fleet{module: module, catalogue: catalogue, o: o, log: log, ships: map[string]*ship{}}, nil
}

// Run follows until ctx ends. What goes wrong is logged and tried again. It returns ECanceled.
func (f *Fleet) Run(ctx context.Context) error {
	defer func() {
		for name := range f.names() {
			f.drop(name)
		}
	}()
	interval := cmp.Or(f.o.Look, min(cmp.Or(f.o.Interval, discoverEvery), discoverEvery))
	for trouble := ""; ; {
		err := f.Discover(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != trouble {
			trouble = err.Error()
			f.log.Warn().Err(err).Msg("could not find out which collections there are; tried again later")
		}
		if err == nil {
			f.follow(ctx)
			trouble = ""
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
	}
}

// Discover looks once which collections there are, so that Source and Indexer know them, and clears those that were dropped. Run does it by itself.
func (f *Fleet) Discover(ctx context.Context) error {
	sources, err := f.catalogue.Collections(ctx)
	if err != nil {
		return err
	}
	for name := range f.names() {
		if sources[name] == nil {
			f.drop(name)
		}
	}
	for name, source := range sources {
		if source == nil {
			err = f.clear(ctx, name)
		} else {
			err = f.take(name, source)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take makes the collection's indexer unless it is there.
func (f *Fleet) take(name string, source perk.Source) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ships[name] != nil {
		return nil
	}
	o := f.o
	o.Collection = name
	x, err := New(source, f.module, o, f.log)
	if err != nil {
		return err
	}
	f.ships[name] = &ship{source: source, Indexer: x}
	return nil
}

// follow starts what does not run yet.
func (f *Fleet) follow(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.ships {
		if s.stop != nil {
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		s.stop = func() { cancel(); <-done }
		go func() {
			defer close(done)
			_ = s.Follow(ctx) // it ends with ctx only
		}()
	}
}

// drop ends a collection's indexer and forgets it.
func (f *Fleet) drop(name string) {
	f.mu.Lock()
	s := f.ships[name]
	delete(f.ships, name)
	f.mu.Unlock()
	if s != nil && s.stop != nil {
		s.stop()
	}
}

// clear removes everything that is kept of a dropped collection.
func (f *Fleet) clear(ctx context.Context, name string) error {
	o := f.o
	o.Collection = name
	x, err := New(nil, f.module, o, f.log)
	if err != nil {
		return err
	}
	all, err := x.listKnown(ctx)
	if err != nil {
		return err
	}
	for id := range all {
		if _, err := x.forget(ctx, id); err != nil {
			return err
		}
	}
	keys := []string{metaKey(name), x.controlKey(), overviewKey(name)}
	for shard := range uint32(shards) {
		keys = append(keys, x.failures.key(shard))
	}
	for _, key := range keys {
		if err := f.module.SetMeta(ctx, key, nil); err != nil {
			return err
		}
	}
	f.log.Info().Str("collection", name).Int("documents", len(all)).Msg("cleared a collection that was dropped")
	if len(all) > 0 {
		if _, err := f.module.GC(ctx); err != nil {
			return err
		}
	}
	return f.catalogue.Forget(ctx, name)
}

func (f *Fleet) names() map[string]*ship {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.ships)
}

// Indexer gives a collection's indexer, nil where it is not followed.
func (f *Fleet) Indexer(collection string) *Indexer {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.ships[collection]; s != nil {
		return s.Indexer
	}
	return nil
}

// Source gives a collection's source, nil where it is not followed.
func (f *Fleet) Source(collection string) perk.Source {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.ships[collection]; s != nil {
		return s.source
	}
	return nil
}

// Notify hints at a document of any collection; see Indexer.Notify. That of a collection which is not followed means nothing.
func (f *Fleet) Notify(id perk.DocumentID) {
	if x := f.Indexer(id.Collection); x != nil {
		x.Notify(id)
	}
}

// NotifyLater is Notify for who hears of a change before it can be seen in the source.
func (f *Fleet) NotifyLater(id perk.DocumentID, wait time.Duration) {
	if x := f.Indexer(id.Collection); x != nil {
		x.NotifyLater(id, wait)
	}
}

// Look has all collections looked at soon; see Indexer.Look.
func (f *Fleet) Look(wait time.Duration) {
	for _, s := range f.names() {
		s.Look(wait)
	}
}

// Overviews gives all collections' overviews, sorted by name.
func (f *Fleet) Overviews() []Overview {
	ships := f.names()
	var out []Overview
	for _, name := range slices.Sorted(maps.Keys(ships)) {
		out = append(out, ships[name].Overview())
	}
	return out
}
