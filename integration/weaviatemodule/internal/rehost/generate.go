package rehost

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/perkdb/perk"
)

// Options says what is generated from what.
type Options struct {
	Weaviate string // directory of Weaviate's Go module
	Module   string // directory of the perk module, github.com/perkdb/perk/integration/weaviatemodule
	Out      string // directory of the generated module; what was generated there before is replaced
}

// ServerPackage is the path of the server's main in the generated module.
const ServerPackage = "./cmd/weaviate-server"

// Generate writes the sources of the server: the perk module's own packages, Weaviate's package rest with the hooks in internal/rest, and the main.
// go.mod and go.sum are the perk module's; the caller fits the versions in them. Errors: EInvalid (an anchor, a directory without the sources).
func Generate(o Options) error {
	const op = "rehost"
	old, err := filepath.Glob(filepath.Join(o.Out, "*.go"))
	if err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	for _, path := range append(old, filepath.Join(o.Out, "internal"), filepath.Join(o.Out, "cmd")) { // a file that is no longer there must not stay
		if err := os.RemoveAll(path); err != nil {
			return perk.E(perk.EInvalid, op, err)
		}
	}
	graphQL, err := graphQLPath(o.Weaviate)
	if err != nil {
		return err
	}
	own := func(_, text string) (string, error) {
		return strings.ReplaceAll(text, `"`+tailorGraphQL, `"`+graphQL), nil
	}
	if err := copyFiles(o.Module, o.Out, own, "*.go", "go.mod", "go.sum"); err != nil {
		return err
	}
	rest := func(name, text string) (string, error) { return Apply(name, text, serverEdits()) }
	if err := copyFiles(filepath.Join(o.Weaviate, "adapters", "handlers", "rest"), filepath.Join(o.Out, "internal", "rest"), rest, "*.go"); err != nil {
		return err
	}
	for _, e := range serverEdits() {
		if _, err := os.Stat(filepath.Join(o.Out, "internal", "rest", e.File)); err != nil {
			return perk.E(perk.EInvalid, op, err).WithHint("this version of Weaviate has the server's set-up in another file")
		}
	}
	main := func(name, text string) (string, error) { return Apply(name, text, mainEdits()) }
	return copyFiles(filepath.Join(o.Weaviate, "cmd", "weaviate-server"), filepath.Join(o.Out, "cmd", "weaviate-server"), main, "main.go")
}

// tailorGraphQL is the GraphQL package that the perk module imports, that of Weaviate up to v1.35; later versions have it under another name.
const tailorGraphQL = "github.com/tailor-inc/graphql"

var graphQLImport = regexp.MustCompile(`"(github\.com/[a-z-]+/graphql)"`)

// graphQLPath finds the GraphQL package that Weaviate's module interface uses.
func graphQLPath(weaviate string) (string, error) {
	path := filepath.Join(weaviate, "entities", "modulecapabilities", "additional.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", perk.E(perk.EInvalid, "rehost", err).WithHint("name the directory of Weaviate's Go module")
	}
	found := graphQLImport.FindSubmatch(text)
	if found == nil {
		return "", perk.Errorf(perk.EInvalid, "rehost", "%s imports no GraphQL package that is known", path)
	}
	return string(found[1]), nil
}

// copyFiles copies the files of one directory that match a pattern, tests apart, each through change. Each pattern must match.
func copyFiles(from, to string, change func(name, text string) (string, error), patterns ...string) error {
	const op = "rehost"
	if err := os.MkdirAll(to, 0o755); err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	for _, pattern := range patterns {
		names, err := fs.Glob(os.DirFS(from), pattern)
		if err != nil || len(names) == 0 {
			return perk.Errorf(perk.EInvalid, op, "%s has no %s", from, pattern)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(from, name))
			if err != nil {
				return perk.E(perk.EInvalid, op, err)
			}
			changed, err := change(name, string(text))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, name), []byte(changed), 0o644); err != nil {
				return perk.E(perk.EInvalid, op, err)
			}
		}
	}
	return nil
}
