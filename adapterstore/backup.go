package adapterstore

import (
	"bufio"
	"context"
	"io"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// Backup writes all small values and adapters to w, each adapter verified; other calls go on meanwhile, and an adapter that they replace or
// delete is written as it was when its turn came, or not at all. Errors: ECorrupt (a damaged adapter: delete or re-encode it first),
// EUnavailable (w), ECanceled.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	const op = "adapterstore.Backup"
	buf := bufio.NewWriterSize(w, 64<<10)
	out, err := newBackupWriter(buf)
	if err != nil {
		return perk.E(perk.EUnavailable, op, err)
	}
	metas, err := s.metas(ctx, op)
	if err != nil {
		return err
	}
	for _, m := range metas {
		if err := out.frame(frameMetaKey, []byte(m.key)); err != nil {
			return perk.E(perk.EUnavailable, op, err)
		}
		if err := out.frame(frameMetaValue, m.value); err != nil {
			return perk.E(perk.EUnavailable, op, err)
		}
	}
	for info, err := range s.List(ctx, "") {
		if err != nil {
			return err
		}
		a, err := s.Get(ctx, info.Key)
		switch perk.ErrorCode(err) {
		case perk.ENotFound: // deleted since it was listed
			continue
		case "":
		default:
			return err
		}
		// The record's place in this store means nothing elsewhere: one part, no generation.
		record, err := encodeRecord(&manifest{Info: a.AdapterInfo, PartBytes: len(a.Payload), Parts: 1})
		if err != nil {
			return err
		}
		if err := out.frame(frameManifest, record); err != nil {
			return perk.E(perk.EUnavailable, op, err)
		}
		if err := out.frame(framePayload, a.Payload); err != nil {
			return perk.E(perk.EUnavailable, op, err)
		}
	}
	if err := out.end(); err != nil {
		return perk.E(perk.EUnavailable, op, err)
	}
	if err := buf.Flush(); err != nil {
		return perk.E(perk.EUnavailable, op, err)
	}
	return nil
}

type metaValue struct {
	key   string
	value []byte
}

func (s *Store) metas(ctx context.Context, op string) ([]metaValue, error) {
	leave, err := s.enter(ctx, op)
	if err != nil {
		return nil, err
	}
	defer leave()
	var all []metaValue
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{prefixMeta}, PrefetchValues: true, PrefetchSize: 16})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				return err
			}
			all = append(all, metaValue{string(it.Item().Key()[1:]), value})
		}
		return nil
	})
	return all, s.fault(op, err)
}
