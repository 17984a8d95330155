package indexer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/perkdb/perk"
)

// shards is how many values hold a collection's failures: enough that some ten thousand fit below the limit of one value.
const shards = 64

// Failure is a document that could not be indexed, and why.
type Failure struct {
	Document perk.DocumentID `json:"document"`
	Code     perk.Code       `json:"code"`
	Reason   string          `json:"reason"`
	Attempts int             `json:"attempts,omitempty"`
	At       time.Time       `json:"at,omitzero"` // of the last attempt
}

// failures is the durable list of failed documents, as JSON lists under "failed/COLLECTION/SHARD". Each change reads and writes its shard anew, so that
// another program may change the list as well; ids only spares looking for what is not there.
type failures struct {
	module     Module
	collection string

	turn sync.Mutex // of the one change under way
	mu   sync.Mutex // of ids
	ids  map[perk.DocumentID]struct{}
}

func (f *failures) has(id perk.DocumentID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.ids[id]
	return ok
}

func (f *failures) key(shard uint32) string {
	return fmt.Sprintf("failed/%s/%02d", f.collection, shard)
}

func shardOf(id perk.DocumentID) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id.String())) // it never fails
	return h.Sum32() % shards
}

func (f *failures) read(ctx context.Context, shard uint32) ([]Failure, error) {
	text, err := f.module.Meta(ctx, f.key(shard))
	if err != nil {
		if perk.ErrorCode(err) == perk.ENotFound {
			err = nil
		}
		return nil, err
	}
	var list []Failure
	if json.Unmarshal(text, &list) != nil {
		return nil, nil // another version's: the next pass lists them again
	}
	return list, nil
}

// load reads the whole list.
func (f *failures) load(ctx context.Context) ([]Failure, error) {
	var all []Failure
	for shard := range uint32(shards) {
		list, err := f.read(ctx, shard)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids = map[perk.DocumentID]struct{}{}
	for _, x := range all {
		f.ids[x.Document] = struct{}{}
	}
	slices.SortFunc(all, func(a, b Failure) int { return cmp.Compare(a.Document.String(), b.Document.String()) })
	return all, nil
}

func (f *failures) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ids)
}

// each calls do with the failed documents.
func (f *failures) each(do func(perk.DocumentID)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.ids {
		do(id)
	}
}

// find gives a document's failure, nil where it has none.
func (f *failures) find(ctx context.Context, id perk.DocumentID) (*Failure, error) {
	list, err := f.read(ctx, shardOf(id))
	if i := slices.IndexFunc(list, func(x Failure) bool { return x.Document == id }); i >= 0 {
		return &list[i], err
	}
	return nil, err
}

// note records that a document failed, or with nil that it did not. A failure for which there is no room is not named; each whole pass meets it again.
func (f *failures) note(ctx context.Context, id perk.DocumentID, failure *Failure) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	if failure == nil && !f.has(id) {
		return nil
	}
	list, err := f.read(ctx, shardOf(id))
	if err != nil {
		return err
	}
	attempts := 0
	list = slices.DeleteFunc(list, func(x Failure) bool {
		if x.Document == id {
			attempts = x.Attempts
		}
		return x.Document == id
	})
	if failure != nil {
		failure.Attempts, failure.At = attempts+1, time.Now().UTC()
		list = append(list, *failure)
	}
	text := []byte(nil) // an empty value removes the key
	if len(list) > 0 {
		if text, err = json.Marshal(list); err != nil {
			return perk.E(perk.EInternal, "indexer.note", err)
		}
	}
	if len(text) > maxSaved {
		return nil
	}
	if err := f.module.SetMeta(ctx, f.key(shardOf(id)), text); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if failure == nil {
		delete(f.ids, id)
	} else {
		f.ids[id] = struct{}{}
	}
	return nil
}
