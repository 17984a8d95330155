package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perkdb/perk"
)

// TestKilledEncode kills `perk index`, host and through it plugin, at random moments; what was acknowledged must stay, and nothing may be damaged.
func TestKilledEncode(t *testing.T) {
	rounds := *killRounds
	if testing.Short() {
		rounds = 1
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	for i := range 30 {
		w.write(fmt.Sprintf("%02d.txt", i), fmt.Sprintf("%d. %s", i, strings.Repeat("Mary went to the kitchen. ", 400)))
	}
	before := map[string]perk.Hash{}
	for range rounds {
		cmd := w.program("index", "--folder", w.docs)
		var log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		after := w.adapters()
		for document, digest := range before {
			if after[document] != digest {
				t.Errorf("%s was stored and is lost", document)
			}
		}
		t.Logf("%d adapters after the kill", len(after))
		before = after
		if out := w.ok("adapter", "verify"); !strings.Contains(out, " 0 damaged") {
			t.Error(out)
		}
		if len(after) == 32 { // all done: begin anew with other texts
			for i := range 30 {
				w.write(fmt.Sprintf("%02d.txt", i), fmt.Sprintf("%d. %d %s", i, rng.Uint64(), strings.Repeat("Mary went to the kitchen. ", 400)))
			}
			before = map[string]perk.Hash{}
		}
	}
	w.index()
	if got := slices.Sorted(maps.Keys(w.adapters())); len(got) != 32 {
		t.Errorf("in the end there are %v", got)
	}
	for document, content := range w.adapters() {
		b, err := os.ReadFile(filepath.Join(w.docs, strings.TrimPrefix(document, "docs/")))
		if err != nil || perk.ContentHash(string(b)) != content {
			t.Errorf("%s: adapter of another text, %v", document, err)
		}
	}
}

// adapters gives the content hash of each document's adapter. It waits for the plugin of a killed program to let go of the store.
func (w *world) adapters() map[string]perk.Hash {
	w.Helper()
	r := w.perk("adapter", "ls", "--json")
	for end := time.Now().Add(20 * time.Second); r.status != statusOK && time.Now().Before(end); r = w.perk("adapter", "ls", "--json") {
		time.Sleep(50 * time.Millisecond)
	}
	if r.status != statusOK {
		w.Fatalf("adapter ls: %s", r.errs)
	}
	out := map[string]perk.Hash{}
	for line := range strings.Lines(r.out) {
		i := decode[perk.AdapterInfo](w.T, line)
		out[i.Key.Document.String()] = i.Content
	}
	return out
}
