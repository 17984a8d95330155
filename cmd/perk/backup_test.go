package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBackupAndRestore(t *testing.T) {
	w := newWorld(t)
	w.index()
	key := w.ok("ref", "docs/mary.txt")
	before := w.ok("adapter", "ls", "--json")
	dir := filepath.Join(t.TempDir(), "backup")
	w.ok("backup", dir)
	w.fails([]string{"not there yet"}, "backup", dir)

	other := newWorld(t)
	other.docs = w.docs
	other.model = w.model
	other.ok("ref", "docs/mary.txt") // it has a secret of its own already
	other.ok("restore", dir)
	if after := other.ok("adapter", "ls", "--json"); after != before || other.ok("ref", "docs/mary.txt") != key {
		t.Errorf("restored\n%sof\n%s", after, before)
	}
	other.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "4")
	if out := other.index(); !strings.Contains(out, "0 encoded, 2 unchanged") {
		t.Errorf("after the restore: %s", out)
	}
	other.fails([]string{"adapters"}, "restore", dir) // into a full store
	other.fails([]string{"perk backup"}, "restore", dir+".gone")
	s := w.serve("--interval", "0")
	w.fails([]string{w.data}, "backup", dir+"2") // the server has the store
	s.stop()
}
