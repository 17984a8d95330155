package adapterstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// Put stores an adapter under its key, replacing an older one atomically; when it returns nil the adapter is on disk. Created is kept in UTC.
// Errors: EInvalid (bad document id; empty or too large payload; Digest or Bytes that are not the payload's), ENoSpace, ECanceled.
func (s *Store) Put(ctx context.Context, a *perk.Adapter) error {
	const op = "adapterstore.Put"
	if err := checkAdapter(op, a); err != nil {
		return err
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	return s.put(ctx, op, a)
}

func checkAdapter(op string, a *perk.Adapter) error {
	if err := a.Key.Document.Validate(); err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	switch {
	case len(a.Payload) == 0 || len(a.Payload) > MaxPayload:
		return perk.Errorf(perk.EInvalid, op, "the payload of %s has %d bytes, want 1 to %d", a.Key, len(a.Payload), MaxPayload)
	case a.Bytes != int64(len(a.Payload)):
		return perk.Errorf(perk.EInvalid, op, "Bytes of %s is %d, the payload has %d", a.Key, a.Bytes, len(a.Payload))
	case a.Digest != sha256.Sum256(a.Payload):
		return perk.Errorf(perk.EInvalid, op, "Digest of %s is not the payload's", a.Key)
	}
	return nil
}

// Get reads and verifies an adapter. Errors: EInvalid (bad document id), ENotFound, ECorrupt, ECanceled.
func (s *Store) Get(ctx context.Context, k perk.AdapterKey) (*perk.Adapter, error) {
	const op = "adapterstore.Get"
	var a *perk.Adapter
	err := s.read(ctx, op, k, func(txn *badger.Txn, m *manifest) error {
		payload, err := readParts(ctx, txn, m)
		if err != nil {
			return err
		}
		a = &perk.Adapter{AdapterInfo: m.Info, Payload: payload}
		return nil
	})
	return a, err
}

// Info reads an adapter's description without its payload. Errors: EInvalid (bad document id), ENotFound, ECorrupt, ECanceled.
func (s *Store) Info(ctx context.Context, k perk.AdapterKey) (perk.AdapterInfo, error) {
	var info perk.AdapterInfo
	err := s.read(ctx, "adapterstore.Info", k, func(_ *badger.Txn, m *manifest) error {
		info = m.Info
		return nil
	})
	return info, err
}

// read calls fn with an adapter's manifest. Any failure but a missing manifest and an ended context means damage: reads need nothing else.
func (s *Store) read(ctx context.Context, op string, k perk.AdapterKey, fn func(*badger.Txn, *manifest) error) error {
	if err := k.Document.Validate(); err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	err = s.db.View(func(txn *badger.Txn) error {
		m, err := readManifest(txn, k)
		if err != nil {
			return err
		}
		return fn(txn, m)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrKeyNotFound):
		return notFound(op, k)
	case perk.ErrorCode(err) == perk.ECanceled:
		return perk.E(perk.ECanceled, op, err)
	}
	return corrupt(op, k, err)
}

// readManifest gives badger.ErrKeyNotFound when there is none.
func readManifest(txn *badger.Txn, k perk.AdapterKey) (*manifest, error) {
	item, err := txn.Get(manifestKey(k))
	if err != nil {
		return nil, err
	}
	return itemManifest(item, k)
}

// itemManifest decodes a manifest and holds it to the key that it is stored under.
func itemManifest(item *badger.Item, k perk.AdapterKey) (*manifest, error) {
	var m *manifest
	err := item.Value(func(b []byte) (err error) {
		m, err = decodeRecord(b)
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.Info.Key != k {
		return nil, fmt.Errorf("its record is that of %s", m.Info.Key)
	}
	return m, nil
}

// Delete removes every adapter of a document, whatever the model and recipe, and says how many there were; GC erases the
// payloads. Up to 128 adapters, far more than a document has, go in one transaction.
// Errors: EInvalid (bad document id), ENoSpace, ECanceled.
func (s *Store) Delete(ctx context.Context, id perk.DocumentID) (int, error) {
	const op = "adapterstore.Delete"
	if err := id.Validate(); err != nil {
		return 0, perk.E(perk.EInvalid, op, err)
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return 0, err
	}
	defer leave()
	return s.deleteAll(ctx, op, documentPrefix(id))
}

// DeleteOne removes one adapter, which need not be there, and keeps the document's others. Errors: as Delete.
func (s *Store) DeleteOne(ctx context.Context, k perk.AdapterKey) error {
	const op = "adapterstore.DeleteOne"
	if err := k.Document.Validate(); err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	return s.update(ctx, op, 0, func(txn *badger.Txn) error {
		_, err := s.deletePrefix(txn, manifestKey(k), 1)
		return err
	})
}

// manifestsPerTxn keys of any allowed length stay under Badger's transaction limit.
const manifestsPerTxn = 128

// deleteAll deletes all manifests under a prefix and says how many it deleted, also when it fails in between.
func (s *Store) deleteAll(ctx context.Context, op string, prefix []byte) (total int, err error) {
	for n := manifestsPerTxn; n == manifestsPerTxn; total += n {
		err := s.update(ctx, op, 0, func(txn *badger.Txn) (err error) {
			n, err = s.deletePrefix(txn, prefix, manifestsPerTxn)
			return err
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// deletePrefix deletes up to limit manifests under a prefix and names their generations as garbage.
func (s *Store) deletePrefix(txn *badger.Txn, prefix []byte, limit int) (int, error) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, PrefetchValues: true, PrefetchSize: 16})
	defer it.Close()
	n := 0
	for it.Rewind(); it.Valid() && n < limit; it.Next() {
		key := it.Item().KeyCopy(nil)
		if err := s.discard(txn, it.Item()); err != nil {
			return 0, err
		}
		if err := txn.Delete(key); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
