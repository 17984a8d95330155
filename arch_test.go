package perk_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/perkdb/perk"

// layers says how high each package stands; a package imports only packages of lower layers, and those of its own layer that lie in its own folder.
// A folder stands for everything below it that has no line of its own.
var layers = map[string]int{
	"": 0, // the domain

	"internal/half": 1, "internal/pieces": 1, "internal/kernel": 1, "internal/task": 1, "internal/plot": 1, "internal/locate": 1, "internal/docref": 1, "internal/hub": 1, "internal/fuzztest": 1,
	"internal/spd": 2, "internal/safetensors": 2, "internal/bpe": 2, "internal/tokenizer": 2, "adapterstore": 2, "plugin": 2,
	"internal/ad": 3, "internal/lora": 3, "internal/gguf": 3, "internal/torchfile": 3, "internal/confidence": 3,
	"internal/lm":     4,
	"internal/recipe": 5, "internal/hf": 5, "internal/ggufmodel": 5,
	"internal/interchange": 6,
	"models":               6, // base model, recipe and tokenizer together
	"encoder":              6, "reasoner": 6,
	"internal/retrieve": 7, // prompts of baselines, cut as the encoder cuts
	"encoder/meta":      8, "reasoner/eval": 8,
	"integration/folder": 7, "integration/weaviate": 7, "integration/indexer": 7, "integration/endpoint": 7, "integration/metrics": 8,
	"internal/engine": 7, "internal/socket": 7, "reasoner/calibrate": 7,
	"reasoner/study": 9, // the whole study: trains nothing, but knows what is trained for it
	"cmd/perk":       10, "integration/e2e": 10,
}

// strangers must not import each other, whatever their layers.
var strangers = [][2]string{{"encoder", "reasoner"}, {"reasoner", "encoder"}}

// heavy says which folder alone imports a dependency, tests apart.
var heavy = map[string][]string{
	"github.com/dgraph-io/badger":            {"adapterstore"},
	"github.com/hashicorp/go-plugin":         {"plugin"},
	"github.com/hashicorp/go-hclog":          {"plugin"},
	"google.golang.org/grpc":                 {"plugin", "internal/socket"},
	"google.golang.org/protobuf":             {"plugin"},
	"github.com/weaviate/weaviate-go-client": {"integration/weaviate"},
	"github.com/weaviate/weaviate":           {"integration/weaviate"},
	"gorgonia.org":                           {"internal/ad"},
	"gonum.org/v1/gonum/lapack":              {"internal/spd"},
	"gonum.org/v1/plot":                      {"internal/plot"},
	"github.com/klauspost/compress":          {"internal/lora"},
	"github.com/spf13/cobra":                 {"cmd/perk"},
	"github.com/prometheus/client_golang":    {"integration/metrics"},
	"github.com/vbauerster/mpb":              {"cmd/perk"},
	"github.com/rs/zerolog":                  {"adapterstore", "plugin", "integration", "internal/engine", "cmd/perk"},
	"github.com/google/go-cmp":               {"plugin/plugintest", "adapterstore/storetest"},
}

const maxLines = 400

// source is one Go file of the repository.
type source struct {
	dir, path string
	file      *ast.File
	lines     int
	generated bool
	nested    bool // in a module of its own, which has layers and dependencies of its own
}

func (s *source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// sources parses the Go files that belong to the module.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if path != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || path == "build") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		out = append(out, source{dir, filepath.ToSlash(path), f, strings.Count(string(text), "\n"), ast.IsGenerated(f), nested(filepath.Dir(path))})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

// nested reports whether a folder belongs to a module of its own.
func nested(dir string) bool {
	if dir == "." {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil || nested(filepath.Dir(dir))
}

// room finds the line of layers for a package: its own, or that of the nearest folder above.
func room(dir string) (string, bool) {
	for d := dir; d != ""; d, _ = filepath.Split(strings.TrimSuffix(d, "/")) {
		d = strings.TrimSuffix(d, "/")
		if _, ok := layers[d]; ok {
			return d, true
		}
	}
	return "", dir == ""
}

func imports(s *source) []string {
	var out []string
	for _, i := range s.file.Imports {
		path, _ := strconv.Unquote(i.Path.Value) // the parser took it
		out = append(out, path)
	}
	return out
}

func inside(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

func TestImportsGoDown(t *testing.T) {
	for _, s := range sources(t) {
		if s.nested {
			continue
		}
		from, ok := room(s.dir)
		if !ok {
			t.Errorf("%s: %q has no layer; add it to the table", s.path, s.dir)
			continue
		}
		if s.test() {
			continue
		}
		for _, path := range imports(&s) {
			if s.dir == "" && strings.Contains(strings.Split(path, "/")[0], ".") {
				t.Errorf("%s imports %s; the root imports the standard library only", s.path, path)
			}
			if path != module && !strings.HasPrefix(path, module+"/") {
				continue
			}
			dir := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
			to, _ := room(dir)
			switch {
			case to != from && layers[to] >= layers[from]:
				t.Errorf("%s (layer %d) imports %s (layer %d)", s.path, layers[from], dir, layers[to])
			case slices.Contains(strangers, [2]string{from, to}):
				t.Errorf("%s imports %s, which it must not know", s.path, dir)
			}
		}
	}
}

func TestOneImporterOfHeavyDependencies(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() || s.nested {
			continue
		}
		for _, path := range imports(&s) {
			for dependency, folders := range heavy {
				if !inside(path, dependency) {
					continue
				}
				used[dependency] = true
				if !slices.ContainsFunc(folders, func(f string) bool { return inside(s.dir, f) }) {
					t.Errorf("%s imports %s, which only %v may", s.path, path, folders)
				}
			}
		}
	}
	for dependency := range heavy {
		if !used[dependency] {
			t.Errorf("nothing imports %s; take it out of the table", dependency)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > maxLines && !s.generated {
			t.Errorf("%s has %d lines, at most %d are allowed", s.path, s.lines, maxLines)
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %q has no comment; write a doc.go", dir)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test() || s.generated {
			continue
		}
		for _, d := range s.file.Decls {
			for _, name := range bare(d) {
				t.Errorf("%s: %s has no comment", s.path, name)
			}
		}
	}
}

// bare lists a declaration's exported names that nothing explains: neither their own comment nor, for constants and variables, their group's.
func bare(d ast.Decl) []string {
	var out []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			out = append(out, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					out = append(out, spec.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					if n.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						out = append(out, n.Name)
					}
				}
			}
		}
	}
	return out
}

// exportedReceiver reports whether a function can be called from outside: methods of unexported types serve an interface, which explains them.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if i, ok := t.(*ast.IndexExpr); ok {
		t = i.X
	}
	n, ok := t.(*ast.Ident)
	return ok && n.IsExported()
}

// TestReadmeNamesRealTargets holds the README's make targets to the Makefile.
func TestReadmeNamesRealTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.Open("README.md")
	if err != nil {
		t.Fatal(err)
	}
	defer readme.Close()
	named := 0
	for lines := bufio.NewScanner(readme); lines.Scan(); {
		for _, part := range strings.Split(lines.Text(), "`make ")[1:] {
			target := strings.TrimRight(strings.Fields(part)[0], "`,.;:)")
			named++
			if !strings.Contains(string(makefile), "\n"+target+":") {
				t.Errorf("README.md names `make %s`, which the Makefile lacks", target)
			}
		}
	}
	if named == 0 {
		t.Error("README.md names no make target")
	}
}
