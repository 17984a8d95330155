package indexer

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
)

const (
	clockSkew = 2 * time.Minute  // how far the source's clock may be from ours
	gcEvery   = 10 * time.Minute // time between two collections of garbage, which stop questions for a moment
)

// Changes is what a perk.Source may offer besides: what was written since a time, without a whole scan. Deleted documents are not among it; see Census.
type Changes interface {
	// Changed calls each with the documents that were added or changed at or after a time of the source's clock, and when they were. Errors: EInvalid
	// where the source cannot tell (too many, or it keeps no times).
	Changed(ctx context.Context, since time.Time, each func(id perk.DocumentID, at time.Time)) error
}

// Notify says that a document was added, changed or deleted. It never waits and never fails: where its hint does not fit into the queue, a whole pass
// follows soon. Whoever calls it need not know what happened; the source is asked.
func (x *Indexer) Notify(id perk.DocumentID) { x.queue.add(id) }

// NotifyLater is Notify for who hears of a change before it can be seen in the source.
func (x *Indexer) NotifyLater(id perk.DocumentID, wait time.Duration) { x.queue.addLater(id, wait) }

// Look has changes looked for soon, of a source that can list them: something was written, and nobody said what.
func (x *Indexer) Look(wait time.Duration) {
	select {
	case x.look <- wait:
	default: // one is asked for already
	}
}

// Follow keeps the adapters in step until ctx ends: a whole pass first, hints as they come, and changes every Options.Interval; bytes of removed adapters are
// erased now and then. What goes wrong is tried again later, and stands in the Overview meanwhile. It returns ECanceled.
func (x *Indexer) Follow(ctx context.Context) error {
	c, err := x.begin(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return x.obey(ctx, c) })
	group.Go(func() error { return x.publish(ctx) })
	group.Go(func() error { return x.hints(ctx) })
	group.Go(func() error { return x.passes(ctx) })
	return group.Wait()
}

// begin reads what the store knows, as often as it takes.
func (x *Indexer) begin(ctx context.Context) (control, error) {
	for {
		c, err := x.readControl(ctx)
		if err == nil {
			x.gate.set(c.Paused)
			_, err = x.failures.load(ctx)
		}
		if err == nil {
			_, err = x.listKnown(ctx)
		}
		x.trouble(err)
		if err == nil {
			return c, nil
		}
		if err := pause(ctx, x.o.Retry.Max); err != nil {
			return c, err
		}
	}
}

// listKnown reads which documents have adapters: of the present model and recipe for Overview, and of any as what it gives.
func (x *Indexer) listKnown(ctx context.Context) (map[perk.DocumentID]struct{}, error) {
	module, err := x.module.Info(ctx)
	if err != nil {
		return nil, err
	}
	known, all := map[perk.DocumentID]struct{}{}, map[perk.DocumentID]struct{}{}
	for info, err := range x.module.List(ctx, x.o.Collection) {
		if err != nil {
			return nil, err
		}
		all[info.Key.Document] = struct{}{}
		if info.Key.Model == module.Model && info.Key.Recipe == module.Recipe {
			known[info.Key.Document] = struct{}{}
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.known = known
	return all, nil
}

// hints deals with one hinted document after the other.
func (x *Indexer) hints(ctx context.Context) error {
	for {
		id, err := x.queue.next(ctx)
		if err != nil {
			return err
		}
		out, err := x.attempt(ctx, perk.Document{ID: id}, time.Time{}, nil)
		if err == nil {
			err = x.note(ctx, id, out)
		}
		x.queue.release(id)
		x.trouble(err)
		if err != nil {
			x.queue.add(id)
			if err := pause(ctx, x.o.Retry.Max); err != nil {
				return err
			}
		}
	}
}

// passes looks for changes now and again.
func (x *Indexer) passes(ctx context.Context) error {
	interval, every := x.o.Interval, x.o.Whole
	if interval == 0 {
		interval = time.Minute
	}
	if every == 0 {
		every = time.Hour
	}
	var lastWhole, lastGC time.Time
	since := time.Now()
	for first := true; ; first = false {
		began := time.Now()
		whole := first || time.Since(lastWhole) >= every || x.queue.overflowed()
		if !whole {
			err := x.changes(ctx, since.Add(-clockSkew))
			whole = perk.ErrorCode(err) == perk.EInvalid
			if !whole {
				x.trouble(err)
			}
			if err == nil {
				since = began
			}
		}
		if whole {
			if _, err := x.whole(ctx, true); err == nil {
				lastWhole, since = began, began
			}
		}
		if x.takeGarbage(time.Since(lastGC) >= gcEvery) {
			lastGC = time.Now()
			if n, err := x.module.GC(ctx); err != nil && ctx.Err() == nil {
				x.log.Warn().Err(err).Msg("could not erase removed adapters; tried again later")
			} else if n > 0 {
				x.log.Info().Int64("bytes", n).Msg("erased removed adapters")
			}
		}
		if err := x.restUntil(ctx, time.Now().Add(interval), &since); err != nil {
			return err
		}
	}
}

// restUntil waits for the next look, and looks for changes in between when it is asked to.
func (x *Indexer) restUntil(ctx context.Context, end time.Time, since *time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return perk.E(perk.ECanceled, "indexer", ctx.Err())
		case <-time.After(time.Until(end)):
			return nil
		case wait := <-x.look:
			if err := pause(ctx, wait); err != nil {
				return err
			}
			began := time.Now()
			if err := x.changes(ctx, since.Add(-clockSkew)); err == nil { // else the pass finds them
				*since = began
			}
		}
	}
}

// changes hints at what changed and what is gone.
func (x *Indexer) changes(ctx context.Context, since time.Time) error {
	lister, ok := x.source.(Changes)
	if !ok {
		return perk.Errorf(perk.EInvalid, "indexer", "the source does not list changes")
	}
	told := map[perk.DocumentID]time.Time{} // the windows of two looks overlap
	err := lister.Changed(ctx, since, func(id perk.DocumentID, at time.Time) {
		if told[id] = at; !at.Equal(x.told[id]) || at.IsZero() {
			x.Notify(id)
		}
	})
	if err != nil {
		return err
	}
	x.told = told
	return x.takeCensus(ctx) // what is new has been hinted at
}

// takeGarbage reports whether garbage is to be collected now.
func (x *Indexer) takeGarbage(due bool) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !due || !x.garbage {
		return false
	}
	x.garbage = false
	return true
}

func (x *Indexer) counted(documents int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.books.Documents = documents
}

// trouble keeps, and once logs, why something did not come to its end; nil clears it.
func (x *Indexer) trouble(err error) {
	text := ""
	if err != nil && !errors.Is(err, context.Canceled) {
		text = err.Error()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if text != "" && text != x.books.Trouble {
		x.log.Warn().Err(err).Msg("could not follow the collection; tried again later")
	}
	x.books.Trouble = text
}

// ended enters a pass into the books.
func (x *Indexer) ended(r Report, err error) {
	x.trouble(err)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.books.Last, x.books.LastEnd = r, time.Now().UTC()
	if r.Complete {
		x.books.Passes++
	}
}
