package adapterstore

import (
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// Meta reads a small value that SetMeta stored. Errors: EInvalid (bad key), ENotFound, ECanceled.
func (s *Store) Meta(ctx context.Context, key string) ([]byte, error) {
	const op = "adapterstore.Meta"
	if err := checkMeta(op, key, nil); err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return nil, err
	}
	defer leave()
	var value []byte
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(metaKey(key))
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	switch {
	case errors.Is(err, badger.ErrKeyNotFound):
		return nil, perk.Errorf(perk.ENotFound, op, "no value under %q", key)
	case err != nil:
		return nil, s.fault(op, err)
	}
	return value, nil
}

// SetMeta stores a small value durably; an empty value removes the key. Errors: EInvalid (key or value too long), ENoSpace, ECanceled.
func (s *Store) SetMeta(ctx context.Context, key string, value []byte) error {
	const op = "adapterstore.SetMeta"
	if err := checkMeta(op, key, value); err != nil {
		return err
	}
	leave, err := s.enter(ctx, op)
	if err != nil {
		return err
	}
	defer leave()
	return s.setMeta(ctx, op, key, value)
}

func (s *Store) setMeta(ctx context.Context, op, key string, value []byte) error {
	return s.update(ctx, op, 0, func(txn *badger.Txn) error {
		if len(value) == 0 {
			return txn.Delete(metaKey(key))
		}
		return txn.Set(metaKey(key), value)
	})
}

func checkMeta(op, key string, value []byte) error {
	switch {
	case key == "" || len(key) > MaxMetaKey:
		return perk.Errorf(perk.EInvalid, op, "the key has %d bytes, want 1 to %d", len(key), MaxMetaKey)
	case len(value) > MaxMetaValue:
		return perk.Errorf(perk.EInvalid, op, "the value has %d bytes, at most %d are allowed", len(value), MaxMetaValue)
	}
	return nil
}
