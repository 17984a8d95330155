package adapterstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// batchBytes bounds the payload that one rewriting of tables erases, and so the disk space that it needs meanwhile.
const batchBytes = 64 << 20

// GC erases the payloads of deleted and replaced adapters and of Puts that died, and says how many payload bytes these were. Other calls wait
// meanwhile. Errors: ENoSpace (rewriting tables needs room), ECanceled (what is left is erased next time).
func (s *Store) GC(ctx context.Context) (int64, error) {
	const op = "adapterstore.GC"
	leave, err := s.enterAlone(ctx, op)
	if err != nil {
		return 0, err
	}
	defer leave()
	return s.collect(ctx, op)
}

// collectEvery runs GC until ctx ends.
func (s *Store) collectEvery(ctx context.Context, period time.Duration) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := s.GC(ctx)
		switch {
		case perk.ErrorCode(err) == perk.ECanceled:
		case err != nil:
			s.log.Warn().Err(err).Msg("collected no garbage")
		case n > 0:
			s.log.Debug().Int64("bytes", n).Msg("collected garbage")
		}
	}
}

// collect erases garbage. No other call may be under way: a Put that runs is garbage until its last transaction.
func (s *Store) collect(ctx context.Context, op string) (int64, error) {
	if err := s.nameLost(ctx, op); err != nil {
		return 0, err
	}
	var total int64
	for {
		batch, size, err := s.garbage()
		if err != nil {
			return total, s.fault(op, err)
		}
		if len(batch) == 0 {
			return total, nil
		}
		if err := s.erase(ctx, op, batch); err != nil {
			return total, err
		}
		total += size
	}
}

// garbage gives the first generations named as garbage and their payload bytes.
func (s *Store) garbage() (batch []generation, size int64, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixGarbage}, PrefetchValues: true, PrefetchSize: 64})
		defer it.Close()
		for it.Rewind(); it.Valid() && size < batchBytes && len(batch) < 256; it.Next() {
			key := it.Item().Key()
			if len(key) != 1+len(generation{}) {
				return fmt.Errorf("garbage key of %d bytes", len(key))
			}
			batch = append(batch, generation(key[1:]))
			if err := it.Item().Value(func(b []byte) error {
				if len(b) == 8 {
					size += int64(binary.BigEndian.Uint64(b))
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return batch, size, err
}

// erase rewrites the logs and tables that hold the generations' parts without them, and only then forgets their names.
func (s *Store) erase(ctx context.Context, op string, batch []generation) error {
	if err := ctx.Err(); err != nil {
		return perk.E(perk.ECanceled, op, err)
	}
	if free, known := freeBytes(s.dir); known && free < s.opt.Reserve/2 { // rewriting needs room, and Badger dies without
		return noSpace(op, s.dir, free, s.opt.Reserve/2)
	}
	prefixes := make([][]byte, len(batch))
	for i, g := range batch {
		prefixes[i] = partPrefix(g)
	}
	if err := s.db.DropPrefix(prefixes...); err != nil {
		return s.fault(op, err)
	}
	if err := s.checkErased(prefixes); err != nil { // DropPrefix only logs some failures
		return s.fault(op, err)
	}
	return s.update(ctx, op, 0, func(txn *badger.Txn) error {
		for _, g := range batch {
			if err := txn.Delete(garbageKey(g)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) checkErased(prefixes [][]byte) error {
	return s.db.View(func(txn *badger.Txn) error {
		for _, p := range prefixes {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: p})
			it.Rewind()
			left := it.Valid()
			it.Close()
			if left {
				return fmt.Errorf("parts of generation %x are still there", p[1:])
			}
		}
		return nil
	})
}
