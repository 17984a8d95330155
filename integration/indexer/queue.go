package indexer

import (
	"context"
	"slices"
	"sync"
	"time"

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
	later   []delayed     // in the order of their times
}

// delayed is a hint that counts from a time on.
type delayed struct {
	id  perk.DocumentID
	due time.Time
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

// addLater names a document of which something can be seen only after a while.
func (q *queue) addLater(id perk.DocumentID, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.later) >= maxHints {
		q.lost = true
		return
	}
	d := delayed{id, time.Now().Add(wait)}
	at, _ := slices.BinarySearchFunc(q.later, d, func(a, b delayed) int { return a.due.Compare(b.due) })
	q.later = slices.Insert(q.later, at, d)
	q.signal()
}

// ripen adds the delayed hints whose time has come, and says how long the next one has.
func (q *queue) ripen() time.Duration {
	q.mu.Lock()
	n, wait := 0, time.Hour
	for n < len(q.later) && time.Until(q.later[n].due) <= 0 {
		n++
	}
	ripe := slices.Clone(q.later[:n])
	q.later = slices.Delete(q.later, 0, n)
	if len(q.later) > 0 {
		wait = time.Until(q.later[0].due)
	}
	q.mu.Unlock()
	for _, d := range ripe {
		q.add(d.id)
	}
	return wait
}

// next waits for a document that nobody works on, and claims it.
func (q *queue) next(ctx context.Context) (perk.DocumentID, error) {
	for {
		wait := q.ripen()
		id, ok, changed := q.take()
		if ok {
			return id, nil
		}
		select {
		case <-changed:
		case <-time.After(wait):
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

// each calls f with the documents that wait and those that somebody works on.
func (q *queue) each(f func(perk.DocumentID)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.waiting {
		f(id)
	}
	for id := range q.busy {
		f(id)
	}
}

// overflowed reports, once, that hints were lost.
func (q *queue) overflowed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost := q.lost
	q.lost = false
	return lost
}
