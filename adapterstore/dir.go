package adapterstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
)

// prepareDir makes the directory, and refuses one that is held, cannot be written, is full, or holds other things than a store.
func (s *Store) prepareDir(op string) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return dirError(op, s.dir, err)
	}
	unlock, ok, err := lockDir(s.dir)
	switch {
	case err != nil:
		return dirError(op, s.dir, err)
	case !ok:
		return conflict(op, s.dir)
	}
	return errors.Join(s.checkDir(op), unlock())
}

// held reports whether another opening holds the directory.
func held(dir string) bool {
	unlock, ok, err := lockDir(dir)
	if ok {
		err = errors.Join(err, unlock())
	}
	return !ok && err == nil
}

// checkDir runs while the directory is locked.
func (s *Store) checkDir(op string) error {
	probe, err := os.CreateTemp(s.dir, ".perk-probe-*")
	if err != nil {
		return dirError(op, s.dir, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return dirError(op, s.dir, err)
	}
	if err := s.checkSpace(op, 0); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return dirError(op, s.dir, err)
	}
	if len(entries) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.dir, badger.ManifestFilename)); err != nil && !onlyBeginnings(entries) {
		return notStore(op, s.dir)
	}
	return s.removeUnborn(op, entries)
}

// beginnings are the files that Badger makes before its list of tables: all that a kill in the first Open leaves.
var beginnings = map[string]bool{"LOCK": true, "MANIFEST-REWRITE": true}

func onlyBeginnings(entries []os.DirEntry) bool {
	for _, e := range entries {
		if !beginnings[e.Name()] && !strings.HasPrefix(e.Name(), ".perk-probe-") {
			return false
		}
	}
	return true
}

// removeUnborn removes logs of no bytes, and our own left-over probes. Badger makes a log empty and then gives it its size; a process that is killed
// in between leaves a file that holds nothing, and on which Badger 4.9 refuses to open.
func (s *Store) removeUnborn(op string, entries []os.DirEntry) error {
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if ext != ".mem" && ext != ".vlog" && !strings.HasPrefix(e.Name(), ".perk-probe-") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return dirError(op, s.dir, err)
		}
		if info.Size() > 0 {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			return dirError(op, s.dir, err)
		}
	}
	return nil
}

// conflict names who holds the directory, as far as Badger's lock file tells.
func conflict(op, dir string) error {
	who := "another process"
	if b, err := os.ReadFile(filepath.Join(dir, "LOCK")); err == nil && len(strings.TrimSpace(string(b))) > 0 {
		who = "process " + strings.TrimSpace(string(b))
	}
	return perk.Errorf(perk.EConflict, op, "%s is held by %s", dir, who).
		WithHint("stop that process or send the request to it, or choose another directory than %s", dir)
}

func notStore(op, dir string) error {
	return perk.Errorf(perk.EInvalid, op, "%s is not an adapter store that this program can read", dir).
		WithHint("choose an empty directory, or the program version that wrote it")
}
