package rehost_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviatemodule/internal/rehost"
)

func TestApply(t *testing.T) {
	edits := []rehost.Edit{{File: "a.go", Anchor: "one()\n", With: "one()\ntwo()\n"}, {File: "b.go", Anchor: "other", With: "another"}}
	for name, c := range map[string]struct{ file, text, want, problem string }{
		"once":         {"a.go", "zero()\none()\n", "zero()\none()\ntwo()\n", ""},
		"missing":      {"a.go", "zero()\n", "", "0 times"},
		"twice":        {"a.go", "one()\none()\n", "", "2 times"},
		"another file": {"c.go", "one()\none()\n", "one()\none()\n", ""},
	} {
		got, err := rehost.Apply(c.file, c.text, edits)
		if got != c.want || (err == nil) != (c.problem == "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if c.problem != "" && (perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), `"one()\n"`)) {
			t.Errorf("%s: %v names neither anchor nor count", name, err)
		}
	}
}

// files writes a tree and gives its root.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// api has every anchor that Weaviate's file must have.
const api = `package rest

import (
	"x"
)

func f() {
	appState.Modules = modules.NewProvider(appState.Logger, appState.ServerConfig.Config)
	batchManager := objects.NewBatchManager(vectorRepo, appState.Modules)
	objects.NewManager(
		appState.Authorizer, appState.DB, appState.Modules,
	)
	setupMiscHandlers(api, appState.ServerConfig, appState.Modules,
		metrics)
}
`

// trees are a Weaviate and a perk module, as far as Generate looks at them.
func trees() (weaviate, module map[string]string) {
	return map[string]string{
			"adapters/handlers/rest/configure_api.go":      api,
			"adapters/handlers/rest/configure_api_test.go": "package rest\n",
			"adapters/handlers/rest/server.go":             "package rest\n",
			"cmd/weaviate-server/main.go":                  "package main\n\nimport \"github.com/weaviate/weaviate/adapters/handlers/rest\"\n",
			"entities/modulecapabilities/additional.go":    "package modulecapabilities\n\nimport \"github.com/tailor-platform/graphql\"\n",
		}, map[string]string{
			"go.mod": "module m\n", "go.sum": "", "module.go": "package m\n\nimport (\n\t\"github.com/tailor-inc/graphql\"\n\t\"github.com/tailor-inc/graphql/language/ast\"\n)\n",
			"module_test.go": "package m\n", "internal/rehost/doc.go": "package rehost\n",
		}
}

func TestGenerate(t *testing.T) {
	weaviate, module := trees()
	out := t.TempDir()
	stale := filepath.Join(out, "internal", "rest", "old.go")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	o := rehost.Options{Weaviate: files(t, weaviate), Module: files(t, module), Out: out}
	if err := rehost.Generate(o); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"internal/rest/configure_api.go":      "perkmodule.Register(appState)\nperkmodule.Watch(appState.Modules, vectorRepo)\nperkmodule.Watch(appState.Modules, appState.DB)\nperkmodule.Start(appState)",
		"internal/rest/server.go":             "package rest",
		"cmd/weaviate-server/main.go":         "integration/weaviatemodule/internal/rest",
		"module.go":                           "\"github.com/tailor-platform/graphql\"\n\"github.com/tailor-platform/graphql/language/ast\"",
		"go.mod":                              "module m",
		"internal/rest/configure_api_test.go": "",
		"internal/rest/old.go":                "",
		"module_test.go":                      "",
		"internal/rehost/doc.go":              "",
	} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", name, err)
		}
		for part := range strings.Lines(want) {
			if !strings.Contains(string(text), strings.TrimSpace(part)) {
				t.Errorf("%s lacks %q:\n%s", name, part, text)
			}
		}
	}
}

// TestGenerateFails takes away each anchor in turn, and doubles it: no server may come of it.
func TestGenerateFails(t *testing.T) {
	for _, anchor := range []string{
		"\nimport (\n", "\tappState.Modules = modules.NewProvider(appState.Logger, appState.ServerConfig.Config)\n", "objects.NewBatchManager(vectorRepo, ",
		"\t\tappState.Authorizer, appState.DB, appState.Modules,\n", "\tsetupMiscHandlers(api, appState.ServerConfig, appState.Modules,\n",
	} {
		for name, text := range map[string]string{"missing": strings.Replace(api, anchor, "\n", 1), "twice": api + anchor} {
			weaviate, module := trees()
			weaviate["adapters/handlers/rest/configure_api.go"] = text
			if err := rehost.Generate(rehost.Options{Weaviate: files(t, weaviate), Module: files(t, module), Out: t.TempDir()}); perk.ErrorCode(err) != perk.EInvalid {
				t.Errorf("%q %s: %v", anchor, name, err)
			}
		}
	}
	for _, name := range []string{"adapters/handlers/rest/configure_api.go", "cmd/weaviate-server/main.go", "entities/modulecapabilities/additional.go"} {
		weaviate, module := trees()
		delete(weaviate, name)
		if err := rehost.Generate(rehost.Options{Weaviate: files(t, weaviate), Module: files(t, module), Out: t.TempDir()}); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
