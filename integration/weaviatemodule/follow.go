package weaviatemodule

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
)

const (
	schemaPoll  = 2 * time.Second     // between two looks at the schema
	dropGrace   = 10 * time.Second    // that a collection must be away from the schema to count as dropped: a node that starts may know it late
	followedKey = "weaviate/followed" // metadata: the collections that may have adapters, so that one dropped meanwhile loses them
)

// follower keeps the adapters in step with the classes that want it, and makes single passes over others. It is the fleet's catalogue of them.
type follower struct {
	ctx      context.Context // of all that it does
	owned    sync.WaitGroup  // one for each single pass
	database database
	module   indexer.Module
	options  indexer.Options
	log      zerolog.Logger
	fleet    *indexer.Fleet

	listing  sync.Mutex // held while the plugin is asked, too
	sources  map[string]*source
	followed map[string]bool      // nil until it was read
	away     map[string]time.Time // since when followed collections are away from the schema

	mu      sync.Mutex
	refused map[string]string           // classes that are not followed because of what their configs say, and why
	single  map[string]*indexer.Indexer // passes under way over collections that are not followed
	ended   bool                        // no pass may begin
}

func newFollower(ctx context.Context, d database, m indexer.Module, s settings, log zerolog.Logger) (*follower, error) {
	f := &follower{
		ctx: ctx, database: d, module: m, log: log, sources: map[string]*source{}, single: map[string]*indexer.Indexer{}, away: map[string]time.Time{},
		options: indexer.Options{Resume: true, Interval: s.interval, Look: schemaPoll, Limits: indexer.Limits{Share: s.share}},
	}
	var err error
	f.fleet, err = indexer.NewFleet(m, f, f.options, log)
	return f, err
}

// run owns the work until the context ends.
func (f *follower) run() {
	_ = f.fleet.Run(f.ctx) // ends with the context only
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.owned.Wait()
}

// Collections implements indexer.Catalogue.
func (f *follower) Collections(ctx context.Context) (map[string]perk.Source, error) {
	f.listing.Lock()
	defer f.listing.Unlock()
	if err := f.recall(ctx); err != nil {
		return nil, err
	}
	found, present, refused := map[string]perk.Source{}, map[string]bool{}, map[string]string{}
	var auto []string
	for _, class := range f.database.classes() {
		name := class.Class
		present[name] = true
		c, err := readClass(class)
		if err == nil {
			err = c.fits(ctx, f.module)
		}
		if perk.ErrorCode(err) == perk.EInvalid {
			refused[name] = err.Error()
			continue
		}
		if err != nil {
			return nil, err
		}
		if !c.Auto {
			continue
		}
		if f.sources[name] == nil {
			f.sources[name] = &source{f.database, name}
		}
		found[name] = f.sources[name]
		auto = append(auto, name)
	}
	f.refuse(refused)
	for name := range f.followed {
		switch since, is := f.away[name]; {
		case present[name]:
			delete(f.away, name)
		case !is:
			f.away[name] = time.Now()
		case time.Since(since) >= dropGrace:
			found[name] = nil
		}
	}
	return found, f.note(ctx, auto...)
}

// refuse takes the classes that are not followed because of their configs, and logs what is new.
func (f *follower) refuse(refused map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, why := range refused {
		if f.refused[name] != why {
			f.log.Warn().Str("collection", name).Str("why", why).Msg("a class is not followed")
		}
	}
	f.refused = refused
}

// refusals gives the classes that are not followed because of their configs, and why.
func (f *follower) refusals() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused // it is replaced, never changed
}

// Forget implements indexer.Catalogue.
func (f *follower) Forget(ctx context.Context, collection string) error {
	f.listing.Lock()
	defer f.listing.Unlock()
	delete(f.followed, collection)
	delete(f.away, collection)
	return f.store(ctx)
}

// recall reads once which collections were followed; the caller holds the lock.
func (f *follower) recall(ctx context.Context) error {
	if f.followed != nil {
		return nil
	}
	text, err := f.module.Meta(ctx, followedKey)
	if err != nil && perk.ErrorCode(err) != perk.ENotFound {
		return err
	}
	var names []string
	_ = json.Unmarshal(text, &names) // another version's, or none: what is followed now is noted anew
	f.followed = map[string]bool{}
	for _, name := range names {
		f.followed[name] = true
	}
	return nil
}

// note adds collections to those that are followed; the caller holds the lock.
func (f *follower) note(ctx context.Context, names ...string) error {
	names = slices.DeleteFunc(names, func(name string) bool { return f.followed[name] })
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		f.followed[name] = true
	}
	err := f.store(ctx)
	if err != nil { // it is noted at the next look
		for _, name := range names {
			delete(f.followed, name)
		}
	}
	return err
}

func (f *follower) store(ctx context.Context) error {
	text, err := json.Marshal(slices.Sorted(maps.Keys(f.followed)))
	if err != nil {
		return perk.E(perk.EInternal, Name, err)
	}
	return f.module.SetMeta(ctx, followedKey, text)
}

// indexer gives a collection's indexer, nil where nothing works on it.
func (f *follower) indexer(collection string) *indexer.Indexer {
	if x := f.fleet.Indexer(collection); x != nil {
		return x
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.single[collection]
}

// once begins a single pass over a collection unless something works on it. Errors: EUnavailable (the plugin is away, the server is ending).
func (f *follower) once(ctx context.Context, collection string) (*indexer.Indexer, error) {
	if x := f.indexer(collection); x != nil {
		return x, nil
	}
	o := f.options
	o.Collection = collection
	x, err := indexer.New(&source{f.database, collection}, f.module, o, f.log)
	if err != nil {
		return nil, err
	}
	if err := f.noteSingle(ctx, collection); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil, perk.Errorf(perk.EUnavailable, Name, "the server is ending")
	}
	if other := f.single[collection]; other != nil {
		return other, nil
	}
	f.single[collection] = x
	f.owned.Go(func() {
		_, _ = x.Run(f.ctx) // its log and its overview say how it ended
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.single, collection)
	})
	return x, nil
}

func (f *follower) noteSingle(ctx context.Context, collection string) error {
	f.listing.Lock()
	defer f.listing.Unlock()
	if err := f.recall(ctx); err != nil {
		return err
	}
	return f.note(ctx, collection)
}

// order does what somebody asks of a collection's indexing. Errors: EInvalid (no such action), EConflict (nothing works on the collection), EUnavailable.
func (f *follower) order(ctx context.Context, collection, action string) (*indexer.Indexer, error) {
	const op = "perk index"
	if action == "run" || action == "" {
		return f.once(ctx, collection)
	}
	x := f.indexer(collection)
	if x == nil {
		return nil, perk.Errorf(perk.EConflict, op, "collection %s is not followed", collection).
			WithHint(`set moduleConfig.perk of the class, or use the action "run"`)
	}
	var err error
	switch action {
	case "pause":
		err = x.Pause(ctx)
	case "resume":
		err = x.Resume(ctx)
	case "retry":
		_, err = x.RetryFailed(ctx)
	default:
		err = perk.Errorf(perk.EInvalid, op, "there is no action %q", action).WithHint("run, pause, resume or retry")
	}
	return x, err
}

// standing gives the state of a document that is under way or failed; "" for any other.
func (f *follower) standing(ctx context.Context, id perk.DocumentID) (State, string) {
	x := f.indexer(id.Collection)
	if x == nil {
		return "", ""
	}
	s, err := x.Standing(ctx, id)
	switch {
	case err != nil:
		return "", ""
	case s.State == indexer.Encoding:
		return Encoding, "its adapter is being written"
	case s.State == indexer.Failed && s.Failure != nil:
		return Failed, s.Failure.Reason
	}
	return "", ""
}
