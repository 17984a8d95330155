package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/plugin"
	"github.com/perkdb/perk/plugin/plugintest"
)

func open(t testing.TB, dir string, seed uint64, o engine.Options) *engine.Engine {
	t.Helper()
	o.Logger = zerolog.Nop()
	e, err := engine.Open(dir, modelstest.Model(t, seed), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestModule(t *testing.T) {
	plugintest.RunModuleTests(t, func(t testing.TB) plugin.Module { return open(t, t.TempDir(), 1, engine.Options{Version: "test"}) }, plugintest.Options{})
}

var id = perk.DocumentID{Collection: "Article", UUID: "1"}

func wantError(t *testing.T, err error, code perk.Code, text string) {
	t.Helper()
	var e *perk.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want code %s and %q", err, code, text)
	}
}

func TestBadInputLosesNothing(t *testing.T) {
	e := open(t, t.TempDir(), 1, engine.Options{})
	if _, err := e.Encode(t.Context(), perk.Document{ID: id, Text: "Mary went to the kitchen."}, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty text":  {"", "empty"},
		"white space": {" \n\t", "white space"},
		"not UTF-8":   {"Mary \xff", "UTF-8"},
		"too long":    {strings.Repeat("x", plugin.MaxDocument+1), "bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Encode(t.Context(), perk.Document{ID: id, Text: c.text}, nil)
			wantError(t, err, perk.EInvalid, c.want)
		})
	}
	for name, q := range map[string]perk.Question{
		"empty question":                {Document: id},
		"question longer than a window": {Document: id, Text: strings.Repeat("Where is Mary? ", 40)},
		"question not UTF-8":            {Document: id, Text: "Mary \xff"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Ask(t.Context(), q, nil)
			wantError(t, err, perk.EInvalid, "question")
		})
	}
	t.Run("unknown document", func(t *testing.T) {
		_, err := e.Ask(t.Context(), perk.Question{Document: perk.DocumentID{Collection: "Article", UUID: "2"}, Text: "Where?"}, nil)
		wantError(t, err, perk.ENotFound, "perk index")
	})
	if _, err := e.Ask(t.Context(), perk.Question{Document: id, Text: "Where is Mary?", Content: perk.ContentHash("Mary went to the kitchen.")}, nil); err != nil {
		t.Errorf("the adapter was lost: %v", err)
	}
}

func TestOneTokenText(t *testing.T) {
	e := open(t, t.TempDir(), 1, engine.Options{})
	i, err := e.Encode(t.Context(), perk.Document{ID: id, Text: "a"}, nil)
	if err != nil || i.Tokens != 1 {
		t.Fatalf("%+v, %v", i, err)
	}
	if _, err := e.Ask(t.Context(), perk.Question{Document: id, Text: "What?"}, nil); err != nil {
		t.Error(err)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	e, err := engine.Open(dir, modelstest.Model(t, 1), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(t.Context(), perk.Document{ID: id, Text: "Mary went to the kitchen."}, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = engine.Open(dir, modelstest.Model(t, 1), engine.Options{Store: adapterstore.Options{Reserve: 1 << 56}}) // no disk has as much free
	wantError(t, err, perk.ENoSpace, "free disk space")
	again := open(t, dir, 1, engine.Options{})
	if _, err := again.Ask(t.Context(), perk.Question{Document: id, Text: "Where is Mary?", Content: perk.ContentHash("Mary went to the kitchen.")}, nil); err != nil {
		t.Errorf("the adapter was lost: %v", err)
	}
}

func TestHeldStore(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, 1, engine.Options{})
	_, err := engine.Open(dir, modelstest.Model(t, 1), engine.Options{})
	wantError(t, err, perk.EConflict, dir)
}

func TestAnotherModelsAdaptersAreNotServed(t *testing.T) {
	dir := t.TempDir()
	e, err := engine.Open(dir, modelstest.Model(t, 1), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(t.Context(), perk.Document{ID: id, Text: "Mary went to the kitchen."}, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	other := open(t, dir, 2, engine.Options{})
	_, err = other.Ask(t.Context(), perk.Question{Document: id, Text: "Where is Mary?"}, nil)
	wantError(t, err, perk.ENotFound, "perk index")
}
