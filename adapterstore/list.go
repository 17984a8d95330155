package adapterstore

import (
	"context"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// pageSize is how many manifests List reads at a time, so that a slow reader holds nobody up.
const pageSize = 128

// entry is one adapter of a page; a damaged one has its key and an error.
type entry struct {
	info perk.AdapterInfo
	err  error
}

// List walks the adapters of a collection (all collections when it is empty) in the order of (collection, tenant, uuid, model, recipe). A
// damaged description is given as an ECorrupt error beside its key, and the walk goes on; any other error ends it. Adapters that are
// stored or deleted during the walk may or may not be met. Errors: EInvalid (bad collection name), ECorrupt, ECanceled.
func (s *Store) List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error] {
	const op = "adapterstore.List"
	return func(yield func(perk.AdapterInfo, error) bool) {
		if collection != "" {
			if err := (perk.DocumentID{Collection: collection, UUID: "-"}).Validate(); err != nil {
				yield(perk.AdapterInfo{}, perk.E(perk.EInvalid, op, err))
				return
			}
		}
		prefix := collectionPrefix(collection)
		for from := prefix; from != nil; {
			page, next, err := s.page(ctx, op, prefix, from)
			if err != nil {
				yield(perk.AdapterInfo{}, err)
				return
			}
			for _, e := range page {
				if !yield(e.info, e.err) {
					return
				}
			}
			from = next
		}
	}
}

// page reads manifests from a key on; next is nil after the last page.
func (s *Store) page(ctx context.Context, op string, prefix, from []byte) (page []entry, next []byte, err error) {
	leave, err := s.enter(ctx, op)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, PrefetchValues: true, PrefetchSize: pageSize})
		defer it.Close()
		for it.Seek(from); it.Valid(); it.Next() {
			if len(page) == pageSize {
				next = it.Item().KeyCopy(nil)
				return nil
			}
			page = append(page, readEntry(op, it.Item()))
		}
		return nil
	})
	return page, next, s.fault(op, err)
}

func readEntry(op string, item *badger.Item) entry {
	k, err := parseManifestKey(item.Key())
	if err != nil {
		return entry{err: perk.E(perk.ECorrupt, op, err).WithHint("re-index the collection")}
	}
	m, err := itemManifest(item, k)
	if err != nil {
		return entry{perk.AdapterInfo{Key: k}, corrupt(op, k, err)}
	}
	return entry{info: m.Info}
}

// Verify reads every adapter whole, calls report for each damaged one, says how many were read, and compares the checksums of all
// tables. Errors: ECorrupt (a table is damaged, so adapters may be missing from the walk), ECanceled.
func (s *Store) Verify(ctx context.Context, report func(perk.AdapterKey, error)) (int, error) {
	n := 0
	for info, err := range s.List(ctx, "") {
		if err == nil {
			_, err = s.Get(ctx, info.Key)
		}
		switch perk.ErrorCode(err) {
		case perk.ENotFound: // deleted since it was listed
			continue
		case "":
		case perk.ECorrupt:
			report(info.Key, err)
		default:
			return n, err
		}
		n++
	}
	return n, s.verifyTables(ctx)
}

func (s *Store) verifyTables(ctx context.Context) error {
	const op = "adapterstore.Verify"
	leave, err := s.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	return s.checkTables(op)
}

// checkTables compares the checksum of every block.
func (s *Store) checkTables(op string) (err error) {
	defer func() {
		if r := recover(); r != nil { // Badger 4.9 dereferences the block that it could not read
			err = fmt.Errorf("a block cannot be read: %v", r)
		}
		if err != nil {
			err = perk.E(perk.ECorrupt, op, err).WithHint("re-index the collections, or restore a backup into a fresh directory")
		}
	}()
	return s.db.VerifyChecksum()
}
