package adapterstore

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// Restore fills an empty store from a Backup, all or nothing: until the backup's last byte is verified nothing is served, and after a failure or a
// kill the store is empty again. Other calls wait meanwhile. Errors: EConflict (the store is not empty), ECorrupt (a truncated or
// damaged backup), EUnavailable (r), ENoSpace, ECanceled.
func (s *Store) Restore(ctx context.Context, r io.Reader) error {
	const op = "adapterstore.Restore"
	leave, err := s.enterAlone(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	if n, err := s.countAny(); err != nil {
		return s.fault(op, err)
	} else if n > 0 {
		return perk.Errorf(perk.EConflict, op, "the store in %s is not empty", s.dir).WithHint("restore into a fresh directory")
	}
	if err := s.setFormat(ctx, op, formatRestoring); err != nil {
		return err
	}
	if err := s.restore(ctx, op, r); err != nil {
		// The cleaning must happen even when ctx has ended; if it fails too, Open does it.
		return errors.Join(err, s.wipe(context.WithoutCancel(ctx), op))
	}
	return s.setFormat(ctx, op, formatReady)
}

func (s *Store) restore(ctx context.Context, op string, r io.Reader) error {
	return readBackup(bufio.NewReaderSize(r, 64<<10),
		func(key string, value []byte) error {
			if err := checkMeta(op, key, value); err != nil {
				return perk.E(perk.ECorrupt, op, err)
			}
			return s.setMeta(ctx, op, key, value)
		},
		func(a *perk.Adapter) error {
			if err := checkAdapter(op, a); err != nil {
				return perk.E(perk.ECorrupt, op, err)
			}
			if err := s.put(ctx, op, a); err != nil {
				return err
			}
			return s.db.View(func(txn *badger.Txn) error { // read back what was written
				m, err := readManifest(txn, a.Key)
				if err == nil {
					_, err = readParts(ctx, txn, m)
				}
				if err != nil {
					return corrupt(op, a.Key, err)
				}
				return nil
			})
		})
}

// countAny is 0 when there is neither an adapter nor a small value.
func (s *Store) countAny() (n int, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		for _, p := range []byte{prefixManifest, prefixMeta} {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{p}})
			if it.Rewind(); it.Valid() {
				n++
			}
			it.Close()
		}
		return nil
	})
	return n, err
}

// wipe empties the store and marks it as ready. The mark comes last, so that a kill in between leaves a store that Open wipes again.
func (s *Store) wipe(ctx context.Context, op string) error {
	if _, err := s.deleteAll(ctx, op, []byte{prefixManifest}); err != nil {
		return err
	}
	for more := true; more; {
		err := s.update(ctx, op, 0, func(txn *badger.Txn) error {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixMeta}})
			defer it.Close()
			n := 0
			for it.Rewind(); it.Valid() && n < manifestsPerTxn; it.Next() {
				if err := txn.Delete(it.Item().KeyCopy(nil)); err != nil {
					return err
				}
				n++
			}
			more = n == manifestsPerTxn
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := s.setFormat(ctx, op, formatReady); err != nil {
		return err
	}
	_, err := s.collect(ctx, op)
	return err
}
