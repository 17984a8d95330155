package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/folder"
	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/models/modelstest"
)

// TestGuardBatch changes one document and deletes another behind the adapters: the batch gives the reasons, and the answer of the third one.
func TestGuardBatch(t *testing.T) {
	dir := t.TempDir()
	src, err := folder.Open(dir, "docs")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(t.TempDir(), modelstest.Model(t, 1), engine.Options{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	write := func(name, text string) perk.DocumentID {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return perk.DocumentID{Collection: "docs", UUID: name}
	}
	const text = "Mary went to the kitchen."
	var qs []perk.Question
	for _, name := range []string{"kept.txt", "changed.txt", "deleted.txt"} {
		id := write(name, text)
		if _, err := e.Encode(t.Context(), perk.Document{ID: id, Text: text}, nil); err != nil {
			t.Fatal(err)
		}
		qs = append(qs, perk.Question{Document: id, Text: "Where is Mary?"}, perk.Question{Document: id, Text: "Who?"})
	}
	write("changed.txt", text+" John took the milk.")
	if err := os.Remove(filepath.Join(dir, "deleted.txt")); err != nil {
		t.Fatal(err)
	}
	g := &guard{Module: e, sources: func(string) perk.Source { return src }}
	got := make([]perk.Code, len(qs))
	if err := g.AskAll(t.Context(), qs, func(i int, a *perk.Answer, err error) {
		got[i] = perk.ErrorCode(err)
		if err == nil {
			for _, f := range a.Support {
				if f.State == perk.FactUnchecked {
					t.Errorf("%+v was not looked for", f)
				}
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []perk.Code{"", "", perk.EStale, perk.EStale, perk.ENotFound, perk.ENotFound} {
		if got[i] != want {
			t.Errorf("question %d: %q, want %q", i, got[i], want)
		}
	}
}
