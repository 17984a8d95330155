//go:build linux || darwin || freebsd

package adapterstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes says how much an unprivileged process may still write to dir's disk; known is false when the system does not tell.
func freeBytes(dir string) (free int64, known bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true //nolint:unconvert // the fields' types differ between systems
}

// lockDir takes the lock on the directory that Badger takes too; ok is false when another opening of the directory holds it.
func lockDir(dir string) (unlock func() error, ok bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case err == nil:
		return f.Close, true, nil
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, false, f.Close()
	}
	return nil, false, errors.Join(err, f.Close())
}
