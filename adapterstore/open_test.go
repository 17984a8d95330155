package adapterstore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

func TestOpenOtherThings(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		want perk.Code
	}{
		"other files": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "letter.txt"), "Dear") }, perk.EInvalid},
		"another program's Badger": {func(t *testing.T, dir string) {
			db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(txn *badger.Txn) error { return txn.Set([]byte("theirs"), []byte("1")) })
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}, perk.EInvalid},
		"damaged list of tables": {func(t *testing.T, dir string) {
			if err := mustOpen(t, dir, small).Close(); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, badger.ManifestFilename), "garbage")
		}, perk.ECorrupt},
		"a file": {func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "x")
		}, perk.EInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			c.make(t, dir)
			_, err := adapterstore.Open(dir, small)
			wantCode(t, "Open", err, c.want)
			t.Log(err)
		})
	}
}

// TestOpenUnborn opens what a kill between making a log and giving it its size leaves.
func TestOpenUnborn(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "LOCK"), "")
	s := mustOpen(t, dir, small)
	a := put(t, s, storetest.Adapter(storetest.Key("A", "", "a", 1, 1), 1, 10))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "00777.mem"), "")
	write(t, filepath.Join(dir, "000777.vlog"), "")
	s = mustOpen(t, dir, small)
	holds(t, s, a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTwice(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, small)
	defer s.Close()
	_, err := adapterstore.Open(dir, small)
	wantCode(t, "Open", err, perk.EConflict)
}

// mount mounts a small file system, or skips where this user may not.
func mount(t *testing.T, options string) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a tmpfs needs root on Linux")
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", options, "none", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount a tmpfs: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		_, err := adapterstore.Open(mount(t, "size=1m,ro"), small)
		wantCode(t, "Open", err, perk.EDenied)
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a directory needs x
		t.Fatal(err)
	}
	_, err := adapterstore.Open(dir, small)
	wantCode(t, "Open", err, perk.EDenied)
}

// TestFullDisk fills a disk with adapters: the store refuses in time, serves what it has, and takes more once space was made.
func TestFullDisk(t *testing.T) {
	dir := filepath.Join(mount(t, "size=160m"), "store")
	opt := small
	opt.Reserve = 0
	s := mustOpen(t, dir, opt)
	t.Cleanup(func() { s.Close() }) // before the file system goes, also when the test fails early
	stored := 0
	var err error
	for ; stored < 100 && err == nil; stored++ {
		err = s.Put(t.Context(), storetest.Adapter(numbered(stored), uint64(stored), 1<<20))
	}
	stored--
	wantCode(t, "Put", err, perk.ENoSpace)
	if stored < 4 {
		t.Errorf("only %d adapters of 1 MiB fit in 160 MiB", stored)
	}
	t.Log(stored, err)
	for i := range stored {
		holds(t, s, storetest.Adapter(numbered(i), uint64(i), 1<<20))
	}
	for i := range stored / 2 {
		if n, err := s.Delete(t.Context(), numbered(i).Document); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	// The refused Put may have left parts behind, which go as well.
	if n, err := s.GC(t.Context()); n != int64(stored/2)<<20 && n != int64(stored/2+1)<<20 || err != nil {
		t.Fatal(n, err)
	}
	put(t, s, storetest.Adapter(numbered(0), 0, 1<<20))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := storetest.MustVerify(t, opener(opt), dir); n != stored-stored/2+1 {
		t.Errorf("%d adapters after opening again, want %d", n, stored-stored/2+1)
	}

	opt.Reserve = 8 << 30
	_, err = adapterstore.Open(filepath.Join(filepath.Dir(dir), "other"), opt)
	wantCode(t, "Open", err, perk.ENoSpace)
}

func numbered(i int) perk.AdapterKey { return storetest.Key("Full", "", fmt.Sprintf("%03d", i), 1, 1) }
