package indexer

import (
	"context"
	"sync"

	"github.com/perkdb/perk"
)

// maxHints bounds the queue. What does not fit is found by a whole pass instead: hints make perk quick, and passes make it right.
const maxHints = 10_000

// queue holds the documents that hints named, each once, in the order of the first hint, and those that somebody works on.
type queue struct {
	mu      sync.Mutex
	order   []perk.DocumentID // may name documents that were taken out of turn
	waiting map[perk.DocumentID]struct{}
	busy    map[perk.DocumentID]struct{}
	changed chan struct{} // closed and made anew when something changes
	lost    bool          // a hint did not fit
}

func newQueue() *queue {
	return &queue{waiting: map[perk.DocumentID]struct{}{}, busy: map[perk.DocumentID]struct{}{}, changed: make(chan struct{})}
}

// signal wakes who waits; the caller holds the lock.
func (q *queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// add names a document; it reports false when there is no room.
func (q *queue) add(id perk.DocumentID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.waiting[id]; ok {
		return true
	}
	if len(q.waiting) >= maxHints {
		q.lost = true
		return false
	}
	q.waiting[id] = struct{}{}
	q.order = append(q.order, id)
	q.signal()
	return true
}

// next waits for a document that nobody works on, and claims it.
func (q *queue) next(ctx context.Context) (perk.DocumentID, error) {
	for {
		id, ok, changed := q.take()
		if ok {
			return id, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return id, perk.E(perk.ECanceled, "indexer", ctx.Err())
		}
	}
}

// take claims the first document that nobody works on. Those that somebody works on go to the end.
func (q *queue) take() (id perk.DocumentID, ok bool, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range len(q.order) {
		id, q.order = q.order[0], q.order[1:]
		if _, waits := q.waiting[id]; !waits { // taken by claim
			continue
		}
		if _, busy := q.busy[id]; busy {
			q.order = append(q.order, id)
			continue
		}
		delete(q.waiting, id)
		q.busy[id] = struct{}{}
		return id, true, nil
	}
	return perk.DocumentID{}, false, q.changed
}

// claim waits until nobody works on a document and begins to; hinted reports that a hint named it, which is thereby dealt with.
func (q *queue) claim(ctx context.Context, id perk.DocumentID) (hinted bool, err error) {
	for {
		q.mu.Lock()
		_, busy := q.busy[id]
		if !busy {
			_, hinted = q.waiting[id]
			delete(q.waiting, id)
			q.busy[id] = struct{}{}
		}
		changed := q.changed
		q.mu.Unlock()
		if !busy {
			return hinted, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false, perk.E(perk.ECanceled, "indexer", ctx.Err())
		}
	}
}

// release ends the work on a document.
func (q *queue) release(id perk.DocumentID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, id)
	q.signal()
}

// count gives the documents that wait, and how many of them are some.
func (q *queue) count(some func(perk.DocumentID) bool) (all, of int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.waiting {
		if some(id) {
			of++
		}
	}
	return len(q.waiting), of
}

// overflowed reports, once, that hints were lost.
func (q *queue) overflowed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost := q.lost
	q.lost = false
	return lost
}
