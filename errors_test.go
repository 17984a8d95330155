package perk_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/perkdb/perk"
)

func TestDiskCode(t *testing.T) {
	dir := t.TempDir()
	_, missing := os.Open(filepath.Join(dir, "no"))
	_, directory := os.ReadFile(dir)
	for _, tc := range []struct {
		err  error
		want perk.Code
	}{
		{missing, perk.ENotFound},
		{directory, perk.EUnavailable},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, perk.EDenied},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, perk.EDenied},
		{&os.LinkError{Op: "rename", Err: syscall.ENOSPC}, perk.ENoSpace},
		{&os.PathError{Op: "write", Err: syscall.EDQUOT}, perk.ENoSpace},
		{errors.New("disk on fire"), perk.EUnavailable},
	} {
		if got := perk.DiskCode(tc.err); got != tc.want {
			t.Errorf("%v has code %s, want %s", tc.err, got, tc.want)
		}
	}
}
