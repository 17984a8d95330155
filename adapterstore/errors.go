package adapterstore

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// The remedy of damage to one adapter.
const hintReencode = "re-encode the document"

// corrupt names a damaged adapter and the remedy.
func corrupt(op string, k perk.AdapterKey, err error) error {
	return perk.Errorf(perk.ECorrupt, op, "adapter of %s is damaged: %w", k, err).WithHint(hintReencode)
}

// notFound names a missing adapter.
func notFound(op string, k perk.AdapterKey) error {
	return perk.Errorf(perk.ENotFound, op, "no adapter of %s", k).WithHint("encode the document first")
}

// noSpace names a full disk.
func noSpace(op, dir string, free, want int64) error {
	return perk.Errorf(perk.ENoSpace, op, "%d bytes are free on the disk of %s, %d are needed", free, dir, want).
		WithHint("free disk space, or delete documents and collect garbage")
}

// fault gives an error of Badger its code. Badger flattens most causes into text, so a full disk is recognised by asking the disk.
func (s *Store) fault(op string, err error) error {
	var e *perk.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return perk.E(perk.ECanceled, op, err)
	case errors.Is(err, badger.ErrDBClosed), errors.Is(err, badger.ErrBlockedWrites):
		return closedError(op)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return perk.E(perk.ENoSpace, op, err).WithHint("free space on the disk of %s", s.dir)
	}
	if err := s.checkSpace(op, 0); err != nil {
		return err
	}
	return perk.E(perk.EInternal, op, err)
}

// closedError tells of a call after Close.
func closedError(op string) error {
	return perk.Errorf(perk.EUnavailable, op, "the store is closed")
}

// dirError gives an error of the store's directory its code.
func dirError(op, dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return perk.E(perk.EDenied, op, err).WithHint("the store writes to %s: give this user write permission, or choose another directory", dir)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return perk.E(perk.ENoSpace, op, err).WithHint("free space on the disk of %s", dir)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return perk.E(perk.EInvalid, op, err).WithHint("%s must be a directory", dir)
	}
	return perk.E(perk.EUnavailable, op, err)
}
