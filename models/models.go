package models

import (
	"context"
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
)

// Names of the files of perk's own form. Other forms may have a recipe beside their files.
const (
	ModelFile     = "model.safetensors"
	RecipeFile    = "recipe.safetensors"
	TokenizerFile = "tokenizer.json"
)

// nanoName is the shipped model's name and the folder of its files.
const nanoName = "perk-nano"

//go:embed perk-nano/*.safetensors perk-nano/tokenizer.json
var embedded embed.FS

// Files is where a model's files are.
type Files struct {
	Name  string // for people
	Where string // folder or file, for errors
	Ref   string // what Shelf.Find takes to give these files again
	fs.FS        // of files that can be read at offsets

	gguf string // the one file, where it was named itself
}

// Nano gives the files of the shipped model.
func Nano() Files {
	sub, err := fs.Sub(embedded, nanoName)
	if err != nil { // the name is a constant and valid
		panic(err)
	}
	return Files{Name: nanoName, Where: "the program", Ref: nanoName, FS: sub}
}

// Path gives the files of a folder, or the one GGUF file; the model is named after it.
func Path(path string) Files {
	path = filepath.Clean(path)
	name := filepath.Base(path)
	ref, err := filepath.Abs(path)
	if err != nil { // the working directory is gone: the path itself still does
		ref = path
	}
	if stem, ok := strings.CutSuffix(name, ggufSuffix); ok {
		return Files{Name: stem, Where: path, Ref: ref, FS: os.DirFS(filepath.Dir(path)), gguf: name}
	}
	return Files{Name: name, Where: path, Ref: ref, FS: os.DirFS(path)}
}

// Model is a base model with its recipe and tokenizer.
type Model struct {
	Name      string
	Format    Format
	LM        *lm.Model
	Recipe    *recipe.Recipe
	Tokenizer recipe.Tokenizer
	ID        perk.ModelID
	RecipeID  perk.RecipeID
	Bytes     int64 // of the files
}

// Load reads a model of any format and holds its parts to each other. A published base model without a recipe gets recipe.Untrained's. Errors: ENotFound (a file is
// missing), EDenied, ECorrupt (a damaged file), EStale (the recipe belongs to another base model), EInvalid (the parts do not fit, or perk does not run such a
// model), ECanceled.
func Load(ctx context.Context, f Files) (*Model, error) {
	m := &Model{Name: f.Name}
	parts, err := f.parts()
	if err != nil {
		return nil, f.failed("", err)
	}
	m.Format = parts.format
	for _, name := range parts.names() {
		info, err := fs.Stat(f.FS, name)
		if err != nil {
			return nil, f.failed(name, err)
		}
		m.Bytes += info.Size()
	}
	if m.LM, m.Tokenizer, err = parts.base(ctx, f); err != nil {
		return nil, err
	}
	if parts.recipe {
		err = f.read(RecipeFile, func(b []byte) (err error) { m.Recipe, err = recipe.Parse(b); return })
	} else if m.Recipe, err = recipe.Untrained(m.LM, m.Tokenizer); err != nil {
		err = f.failed("", err)
	}
	if err != nil {
		return nil, err
	}
	if m.ID, m.RecipeID, err = m.Recipe.Bind(m.LM, m.Tokenizer); err != nil {
		return nil, perk.Errorf(perk.ErrorCode(err), "models.Load", "model %q in %s: %w", f.Name, f.Where, err).
			WithHint("keep the files that belong together in one folder, as `perk train` and `perk model` write them")
	}
	return m, nil
}

// Parameters counts the base model's weights.
func (m *Model) Parameters() int64 {
	var n int64
	for _, t := range m.LM.Tensors() {
		n += int64(len(t.Data))
	}
	return n
}
