package adapterstore

import (
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"
)

// nameLost names, when a damaged manifest was dropped, every generation that no readable manifest names as garbage. The bare garbage key
// asks for it: the search visits every generation of the store, so it runs only then.
func (s *Store) nameLost(ctx context.Context, op string) error {
	wanted := []byte{prefixGarbage}
	var lost []generation
	err := s.db.View(func(txn *badger.Txn) error {
		if _, err := txn.Get(wanted); err != nil {
			return err
		}
		if err := s.checkTables(op); err != nil { // a damaged table may hide the manifests of live generations
			return err
		}
		live := s.liveGenerations(txn)
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixPart}})
		defer it.Close()
		for it.Rewind(); it.Valid() && len(it.Item().Key()) == len(partKey(generation{}, 0)); {
			if err := ctx.Err(); err != nil {
				return err
			}
			g := generation(it.Item().Key()[1 : 1+len(generation{})])
			if !live[g] {
				lost = append(lost, g)
			}
			it.Seek(partKey(g, 1<<32-1)) // no payload has that many parts
		}
		return nil
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil
	} else if err != nil {
		return s.fault(op, err)
	}
	for len(lost) > 0 {
		n := min(len(lost), manifestsPerTxn)
		err := s.update(ctx, op, 0, func(txn *badger.Txn) error {
			for _, g := range lost[:n] {
				if err := setGarbage(txn, g, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		lost = lost[n:]
	}
	return s.update(ctx, op, 0, func(txn *badger.Txn) error { return txn.Delete(wanted) })
}

// liveGenerations are those that a readable manifest names.
func (s *Store) liveGenerations(txn *badger.Txn) map[generation]bool {
	live := map[generation]bool{}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixManifest}, PrefetchValues: true, PrefetchSize: pageSize})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		if k, err := parseManifestKey(it.Item().Key()); err == nil {
			if m, err := itemManifest(it.Item(), k); err == nil {
				live[m.Generation] = true
			}
		}
	}
	return live
}
