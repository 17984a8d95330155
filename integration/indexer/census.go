package indexer

import (
	"context"
	"iter"
	"time"

	"github.com/perkdb/perk"
)

// walkShare is the part of the time that walks over ids may take.
const walkShare = 0.05

// Census is what a source that lists its changes may offer besides, to find deleted documents without a whole scan.
type Census interface {
	// Counts gives the number of documents of each tenant, -1 where it is not known. Tenants that are gone are left out. A source without tenants has the one "".
	Counts(ctx context.Context) (map[string]int, error)
	// Names walks the ids of a tenant's documents.
	Names(ctx context.Context, tenant string) iter.Seq2[perk.DocumentID, error]
}

// census is what one says about a tenant.
type census struct {
	counted, kept int   // documents there, and here
	work          int64 // adapters written and removed until then
}

// takeCensus counts, and hints at documents that are gone. Of a tenant that has fewer documents than are kept here the ids are walked to see which. The same
// census is not walked twice: what the hints did not mend is left to a whole pass.
func (x *Indexer) takeCensus(ctx context.Context) error {
	source, ok := x.source.(Census)
	if !ok {
		n, err := x.source.Count(ctx)
		if err == nil {
			x.counted(n)
		}
		return err
	}
	kept := map[string]int{}
	work := x.kept(func(id perk.DocumentID) { kept[id.Tenant]++ }) // before the count: what comes in between is no sign of a loss
	counts, err := source.Counts(ctx)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range counts {
		total += max(n, 0)
	}
	x.counted(total)
	for tenant, n := range kept {
		counted, there := counts[tenant]
		now := census{counted, n, work}
		if counted < 0 || counted >= n || x.walked[tenant] == now || time.Now().Before(x.nextWalk) {
			continue
		}
		if err := x.findLost(ctx, source, tenant, there); err != nil {
			return err
		}
		x.walked[tenant] = now
	}
	return nil
}

// findLost hints at the documents of a tenant of which something is kept and that are not there; a tenant that is not there has none.
func (x *Indexer) findLost(ctx context.Context, source Census, tenant string, there bool) error {
	begun := time.Now()
	lost := map[perk.DocumentID]struct{}{}
	x.kept(func(id perk.DocumentID) {
		if id.Tenant == tenant {
			lost[id] = struct{}{}
		}
	})
	if there {
		for id, err := range source.Names(ctx, tenant) {
			if err != nil {
				return err
			}
			delete(lost, id)
		}
	}
	for id := range lost {
		x.Notify(id)
	}
	x.nextWalk = time.Now().Add(time.Duration(float64(time.Since(begun)) * (1 - walkShare) / walkShare))
	return nil
}

// kept calls each once with every document of which something is kept: an adapter, a failure or a hint. It gives the number of adapters written and removed.
func (x *Indexer) kept(each func(perk.DocumentID)) (work int64) {
	others := map[perk.DocumentID]struct{}{}
	other := func(id perk.DocumentID) { others[id] = struct{}{} }
	x.queue.each(other)
	x.failures.each(other)
	x.mu.Lock()
	defer x.mu.Unlock()
	for id := range x.known {
		delete(others, id)
		each(id)
	}
	for id := range others {
		each(id)
	}
	return x.books.Encoded + x.books.Removed
}
