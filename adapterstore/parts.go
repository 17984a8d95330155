package adapterstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// put writes the parts under a fresh generation and the manifest in the last transaction; doc.go says why nothing can be lost or left over.
func (s *Store) put(ctx context.Context, op string, a *perk.Adapter) error {
	g, err := newGeneration()
	if err != nil {
		return perk.E(perk.EInternal, op, err)
	}
	m := &manifest{Info: a.AdapterInfo, Generation: g, PartBytes: s.opt.PartBytes}
	m.Info.Created = m.Info.Created.UTC()
	m.Parts = (len(a.Payload) + m.PartBytes - 1) / m.PartBytes
	record, err := encodeRecord(m)
	if err != nil {
		return err
	}
	first := 0
	for ; m.Parts-first > partsPerTxn; first += partsPerTxn {
		err := s.update(ctx, op, a.Bytes, func(txn *badger.Txn) error {
			if first == 0 {
				if err := setGarbage(txn, g, a.Bytes); err != nil {
					return err
				}
			}
			return setParts(txn, m, a.Payload, first, first+partsPerTxn)
		})
		if err != nil {
			return err
		}
	}
	return s.update(ctx, op, a.Bytes, func(txn *badger.Txn) error {
		if err := setParts(txn, m, a.Payload, first, m.Parts); err != nil {
			return err
		}
		if first > 0 {
			if err := txn.Delete(garbageKey(g)); err != nil {
				return err
			}
		}
		old, err := txn.Get(manifestKey(a.Key))
		switch {
		case err == nil:
			if err := s.discard(txn, old); err != nil {
				return err
			}
		case !errors.Is(err, badger.ErrKeyNotFound):
			return err
		}
		return txn.Set(manifestKey(a.Key), record)
	})
}

// setParts writes parts [from, to) of a payload.
func setParts(txn *badger.Txn, m *manifest, payload []byte, from, to int) error {
	for i := from; i < to; i++ {
		start := i * m.PartBytes
		if err := txn.Set(partKey(m.Generation, i), payload[start:start+m.partSize(i)]); err != nil {
			return err
		}
	}
	return nil
}

// readParts gives the whole payload, or an error that says what is wrong with it.
func readParts(ctx context.Context, txn *badger.Txn, m *manifest) ([]byte, error) {
	var payload bytes.Buffer
	for i := range m.Parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		item, err := txn.Get(partKey(m.Generation, i))
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil, fmt.Errorf("part %d of %d is missing", i+1, m.Parts)
		} else if err != nil {
			return nil, fmt.Errorf("read part %d of %d: %w", i+1, m.Parts, err)
		}
		if i == 0 {
			payload.Grow(int(m.Info.Bytes)) // only now: a record alone must not make us allocate its claim
		}
		err = item.Value(func(b []byte) error {
			if len(b) != m.partSize(i) {
				return fmt.Errorf("part %d of %d has %d bytes, want %d", i+1, m.Parts, len(b), m.partSize(i))
			}
			payload.Write(b)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if got := perk.Hash(sha256.Sum256(payload.Bytes())); got != m.Info.Digest {
		return nil, fmt.Errorf("payload digest is %s, want %s", got.Short(), m.Info.Digest.Short())
	}
	return payload.Bytes(), nil
}

// setGarbage names a generation as garbage of so many payload bytes.
func setGarbage(txn *badger.Txn, g generation, payload int64) error {
	return txn.Set(garbageKey(g), binary.BigEndian.AppendUint64(nil, uint64(payload)))
}

// discard names the generation of a manifest as garbage. A damaged manifest does not tell its generation; GC then searches for it.
func (s *Store) discard(txn *badger.Txn, item *badger.Item) error {
	k, err := parseManifestKey(item.Key())
	if err == nil {
		var m *manifest
		if m, err = itemManifest(item, k); err == nil {
			return setGarbage(txn, m.Generation, m.Info.Bytes)
		}
	}
	s.log.Warn().Err(err).Msg("dropped a damaged manifest")
	return txn.Set([]byte{prefixGarbage}, nil)
}

// update runs fn in a transaction, again after a conflict with another, and syncs it. need is how many bytes it may write.
func (s *Store) update(ctx context.Context, op string, need int64, fn func(*badger.Txn) error) error {
	if err := s.checkSpace(op, need); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return perk.E(perk.ECanceled, op, err)
		}
		if err := s.db.Update(fn); !errors.Is(err, badger.ErrConflict) {
			return s.fault(op, err)
		}
	}
}

// checkSpace refuses to write payload bytes into the reserve. Work without payload (deleting, collecting) may use the reserve down
// to an eighth, so that a full store can be emptied.
func (s *Store) checkSpace(op string, payload int64) error {
	want := s.opt.Reserve/8 + 1<<20
	if payload > 0 {
		want = s.opt.Reserve + 2*payload // a part lies in the log and, once flushed, in a table as well
	}
	if free, known := freeBytes(s.dir); known && free < want {
		return noSpace(op, s.dir, free, want)
	}
	return nil
}
