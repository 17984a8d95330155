package models

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/tokenizer"
)

// Names of a model's files.
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
	Where string // folder, for errors
	fs.FS
}

// Nano gives the files of the shipped model.
func Nano() Files {
	sub, err := fs.Sub(embedded, nanoName)
	if err != nil { // the name is a constant and valid
		panic(err)
	}
	return Files{Name: nanoName, Where: "the program", FS: sub}
}

// Dir gives the files of a folder; the model is named after it.
func Dir(dir string) Files {
	return Files{Name: filepath.Base(filepath.Clean(dir)), Where: dir, FS: os.DirFS(dir)}
}

// Model is a base model with its recipe and tokenizer.
type Model struct {
	Name      string
	LM        *lm.Model
	Recipe    *recipe.Recipe
	Tokenizer *tokenizer.Tokenizer
	ID        perk.ModelID
	RecipeID  perk.RecipeID
	Bytes     int64 // of the three files
}

// Load reads a model and holds its parts to each other. Errors: ENotFound (a file is missing), EDenied, ECorrupt (a damaged file), EStale (the recipe
// belongs to another base model), EInvalid (the parts do not fit).
func Load(f Files) (*Model, error) {
	m := &Model{Name: f.Name}
	for _, part := range []struct {
		file  string
		parse func([]byte) error
	}{
		{TokenizerFile, func(b []byte) (err error) { m.Tokenizer, err = tokenizer.Parse(b); return }},
		{ModelFile, func(b []byte) (err error) { m.LM, err = lm.Load(b); return }},
		{RecipeFile, func(b []byte) (err error) { m.Recipe, err = recipe.Parse(b); return }},
	} {
		b, err := fs.ReadFile(f, part.file)
		if err != nil {
			return nil, missing(f, err)
		}
		m.Bytes += int64(len(b))
		if err := part.parse(b); err != nil {
			return nil, damaged(f, part.file, err)
		}
	}
	var err error
	if m.ID, m.RecipeID, err = m.Recipe.Bind(m.LM, m.Tokenizer); err != nil {
		return nil, perk.Errorf(perk.ErrorCode(err), "models.Load", "model %q in %s: %w", f.Name, f.Where, err).
			WithHint("keep the files that one `perk train` wrote together")
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

// missing names the reason why a file cannot be read.
func missing(f Files, err error) error {
	code := perk.EUnavailable
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = perk.ENotFound
	case errors.Is(err, fs.ErrPermission):
		code = perk.EDenied
	}
	return perk.Errorf(code, "models.Load", "model %q in %s: %w", f.Name, f.Where, err).
		WithHint("name a folder with %s, %s and %s by --model, as `perk train` writes it", ModelFile, RecipeFile, TokenizerFile)
}

// damaged names the file that cannot be used.
func damaged(f Files, file string, err error) error {
	return perk.Errorf(perk.ErrorCode(err), "models.Load", "model %q in %s: %s: %w", f.Name, f.Where, file, err).
		WithHint("copy the model's folder again, or train it again with `perk train`")
}
