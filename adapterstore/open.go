package adapterstore

import (
	"context"
	"errors"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"github.com/perkdb/perk"
)

// Values of the format key.
const (
	formatReady     = "perk adapterstore 1"
	formatRestoring = "perk adapterstore 1 restoring" // a Restore was cut off; Open empties the store
)

// gateSize is how many calls may be under way at once; GC, Restore and Close take all of it.
const gateSize = 1 << 20

// Store keeps adapters in one directory. It is safe for concurrent use.
type Store struct {
	db   *badger.DB
	dir  string
	opt  Options
	log  zerolog.Logger
	gate *semaphore.Weighted

	closed   bool // guarded by gate
	stop     context.CancelFunc
	running  sync.WaitGroup // the background collection
	closing  sync.Once
	closeErr error
}

var _ perk.AdapterStore = (*Store)(nil)

// Open opens the store in dir, which is made when it is missing, and erases what killed Puts left behind. Errors: EConflict (another
// process holds dir), EInvalid (dir holds something else; bad options), EDenied (dir cannot be written), ENoSpace, ECorrupt.
func Open(dir string, opt Options) (*Store, error) {
	const op = "adapterstore.Open"
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opt: opt, log: opt.Logger.With().Str("room", "adapterstore").Logger(), gate: semaphore.NewWeighted(gateSize)}
	if err := s.prepareDir(op); err != nil {
		return nil, err
	}
	if s.db, err = badger.Open(opt.badger(dir)); err != nil {
		if held(dir) { // taken since prepareDir looked
			return nil, conflict(op, dir)
		}
		return nil, perk.Errorf(perk.ECorrupt, op, "open %s: %w", dir, err).WithHint("restore a backup into a fresh directory, or re-encode the documents there")
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := s.prepare(ctx, op); err != nil {
		cancel()
		return nil, errors.Join(err, s.db.Close())
	}
	s.stop = cancel
	if opt.GCPeriod > 0 {
		s.running.Go(func() { s.collectEvery(ctx, opt.GCPeriod) })
	}
	return s, nil
}

// prepare checks or writes the format, empties a store whose Restore was cut off, and erases garbage.
func (s *Store) prepare(ctx context.Context, op string) error {
	format, empty, err := s.format()
	switch {
	case err != nil:
		return s.fault(op, err)
	case format == "" && empty:
		if err := s.setFormat(ctx, op, formatReady); err != nil {
			return err
		}
	case format == formatRestoring:
		s.log.Warn().Str("dir", s.dir).Msg("a restore was cut off; emptied the store")
		if err := s.wipe(ctx, op); err != nil {
			return err
		}
	case format != formatReady:
		return notStore(op, s.dir)
	}
	_, err = s.collect(ctx, op)
	if perk.ErrorCode(err) == perk.ENoSpace { // garbage can wait; what is stored must stay within reach
		s.log.Warn().Err(err).Msg("left garbage for want of disk space")
		return nil
	}
	return err
}

func (s *Store) format() (value string, empty bool, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		it.Rewind()
		empty = !it.Valid()
		it.Close()
		item, err := txn.Get([]byte{prefixFormat})
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		return item.Value(func(b []byte) error { value = string(b); return nil })
	})
	return value, empty, err
}

func (s *Store) setFormat(ctx context.Context, op, value string) error {
	return s.update(ctx, op, 0, func(txn *badger.Txn) error { return txn.Set([]byte{prefixFormat}, []byte(value)) })
}

// Close ends the background collection, waits for calls under way, and closes the files. Later calls do nothing and give the same error.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stop()
		s.running.Wait()
		if s.closeErr = s.gate.Acquire(context.Background(), gateSize); s.closeErr != nil {
			return
		}
		defer s.gate.Release(gateSize)
		s.closed = true
		if err := s.db.Close(); err != nil {
			s.closeErr = perk.E(perk.EInternal, "adapterstore.Close", err)
		}
	})
	return s.closeErr
}

// enter waits until a call may begin; leave ends it.
func (s *Store) enter(ctx context.Context, op string) (leave func(), err error) {
	return s.acquire(ctx, op, 1)
}

// enterAlone waits until no other call is under way and keeps new ones waiting until leave.
func (s *Store) enterAlone(ctx context.Context, op string) (leave func(), err error) {
	return s.acquire(ctx, op, gateSize)
}

func (s *Store) acquire(ctx context.Context, op string, n int64) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, perk.E(perk.ECanceled, op, err)
	}
	if err := s.gate.Acquire(ctx, n); err != nil {
		return nil, perk.E(perk.ECanceled, op, err)
	}
	if s.closed {
		s.gate.Release(n)
		return nil, closedError(op)
	}
	return func() { s.gate.Release(n) }, nil
}
