package weaviatemodule

import (
	"context"
	"encoding/json"
	"errors"
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
	followedKey = "weaviate/followed" // metadata: the collections that were followed, so that one dropped meanwhile loses its adapters
)

// keepers follow the collections whose adapters are to follow their objects.
type keepers struct {
	ctx      context.Context // of all that they do
	owned    sync.WaitGroup  // one for each keeper
	database database
	module   indexer.Module
	settings settings
	log      zerolog.Logger

	wake chan struct{} // has a value when the schema is to be looked at soon

	mu       sync.Mutex
	all      map[string]*keeper
	followed map[string]bool // collections that may have adapters
	dirty    bool            // followed is to be stored

	away map[string]time.Time // since when collections are away from the schema; of run's goroutine
}

// keeper follows one collection.
type keeper struct {
	*indexer.Indexer
	auto   bool // it follows; else it makes one pass
	cancel context.CancelFunc
	done   chan struct{} // closed when its goroutine has ended
	err    error         // why it ended; readable once done is closed
}

func newKeepers(ctx context.Context, d database, m indexer.Module, s settings, log zerolog.Logger) *keepers {
	return &keepers{ctx: ctx, database: d, module: m, settings: s, log: log, wake: make(chan struct{}, 1), all: map[string]*keeper{}, followed: map[string]bool{}, away: map[string]time.Time{}}
}

// run owns the keepers until their context ends.
func (k *keepers) run() {
	for known := false; ; {
		if !known {
			known = k.recall()
		}
		if known {
			k.sync()
			k.remember()
		}
		select {
		case <-k.ctx.Done():
			k.list() // whoever holds the lock now sees the end of the context before a new keeper begins
			k.owned.Wait()
			return
		case <-k.wake:
		case <-time.After(schemaPoll):
		}
	}
}

func (k *keepers) list() map[string]*keeper {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.all)
}

// sync starts and stops keepers as the schema wants it.
func (k *keepers) sync() {
	wanted, present := map[string]bool{}, map[string]bool{}
	for _, class := range k.database.classes() {
		present[class.Class] = true
		c, err := readClass(class)
		wanted[class.Class] = err == nil && c.Auto
	}
	for name, one := range k.list() {
		select {
		case <-one.done:
			k.remove(name, one, !present[name])
		default:
			if one.auto && !wanted[name] {
				one.cancel()
			}
		}
	}
	for name, is := range wanted {
		if is {
			k.start(name, true)
		}
	}
	for _, name := range k.dropped(present) {
		k.start(name, false) // it finds no documents, and so removes the adapters
	}
}

// dropped lists the followed collections that the schema has not had for a while.
func (k *keepers) dropped(present map[string]bool) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var gone []string
	for name := range k.followed {
		switch since, is := k.away[name]; {
		case present[name]:
			delete(k.away, name)
		case !is:
			k.away[name] = time.Now()
		case time.Since(since) >= dropGrace:
			gone = append(gone, name)
		}
	}
	return gone
}

// start makes a keeper unless the collection has one.
func (k *keepers) start(name string, auto bool) {
	x, err := indexer.New(&source{k.database, name}, k.module,
		indexer.Options{Collection: name, Resume: true, Interval: k.settings.interval, Limits: indexer.Limits{Share: k.settings.share}}, k.log)
	if err != nil {
		k.log.Error().Err(err).Str("collection", name).Msg("cannot follow a collection")
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all[name] != nil || k.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(k.ctx)
	one := &keeper{Indexer: x, auto: auto, cancel: cancel, done: make(chan struct{})}
	k.all[name] = one
	k.dirty = k.dirty || !k.followed[name]
	k.followed[name] = true
	k.owned.Go(func() {
		defer close(one.done)
		defer cancel()
		if auto {
			one.err = x.Follow(ctx)
		} else {
			_, one.err = x.Run(ctx)
		}
		if one.err != nil && ctx.Err() == nil {
			k.log.Warn().Err(one.err).Str("collection", name).Msg("a collection is not followed any more; it is tried again")
		}
	})
}

// remove takes an ended keeper out. A collection that was dropped is no longer followed once a pass has found nothing of it.
func (k *keepers) remove(name string, one *keeper, dropped bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, name)
	if dropped && !one.auto && one.err == nil {
		delete(k.followed, name)
		k.dirty = true
	}
}

// notify hands a changed object to its collection's keeper. It does not wait.
func (k *keepers) notify(id perk.DocumentID) {
	k.mu.Lock()
	one := k.all[id.Collection]
	k.mu.Unlock()
	if one != nil {
		one.Notify(id)
		return
	}
	select { // a collection that is new; its first pass meets the object
	case k.wake <- struct{}{}:
	default:
	}
}

// keeper gives a collection's keeper, nil where it is not followed.
func (k *keepers) keeper(name string) *keeper {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[name]
}

// order does what somebody asks of a collection's indexing. Errors: EInvalid (no such action), EConflict (a collection that is not followed has
// nothing to pause, resume or retry).
func (k *keepers) order(ctx context.Context, name, action string) (*keeper, error) {
	const op = "perk index"
	one := k.keeper(name)
	if action == "run" || action == "" {
		if one == nil {
			k.start(name, false)
			one = k.keeper(name)
		}
		if one == nil {
			return nil, perk.Errorf(perk.EUnavailable, op, "the server is ending")
		}
		return one, nil
	}
	if one == nil {
		return nil, perk.Errorf(perk.EConflict, op, "collection %s is not followed", name).WithHint(`set moduleConfig.perk of the class, or use the action "run"`)
	}
	var err error
	switch action {
	case "pause":
		err = one.Pause(ctx)
	case "resume":
		err = one.Resume(ctx)
	case "retry":
		_, err = one.RetryFailed(ctx)
	default:
		err = perk.Errorf(perk.EInvalid, op, "there is no action %q", action).WithHint("run, pause, resume or retry")
	}
	return one, err
}

// standing gives the state of a document that is under way or failed; "" for any other.
func (k *keepers) standing(ctx context.Context, id perk.DocumentID) (State, string) {
	one := k.keeper(id.Collection)
	if one == nil {
		return "", ""
	}
	s, err := one.Standing(ctx, id)
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

// recall reads which collections were followed; false when the plugin is away.
func (k *keepers) recall() bool {
	text, err := k.module.Meta(k.ctx, followedKey)
	if perk.ErrorCode(err) == perk.ENotFound {
		return true
	}
	var names []string
	if err != nil || json.Unmarshal(text, &names) != nil {
		return err == nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		k.followed[name] = true
	}
	return true
}

// remember stores which collections are followed, when that has changed.
func (k *keepers) remember() {
	k.mu.Lock()
	names, dirty := slices.Sorted(maps.Keys(k.followed)), k.dirty
	k.dirty = false
	k.mu.Unlock()
	if !dirty {
		return
	}
	text, err := json.Marshal(names)
	if err = errors.Join(err, k.module.SetMeta(k.ctx, followedKey, text)); err != nil {
		k.log.Warn().Err(err).Msg("could not note which collections are followed; tried again")
		k.mu.Lock()
		k.dirty = true
		k.mu.Unlock()
	}
}
