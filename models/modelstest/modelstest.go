// Package modelstest writes tiny models into folders, for the tests of programs that load one.
package modelstest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/models"
)

// Dir writes a random model with the fast recipe into a new folder, and gives the folder. It knows nothing, but it writes and answers. Models of
// different seeds differ.
func Dir(t testing.TB, seed uint64) string {
	t.Helper()
	m := recipetest.Model(t, seed)
	return Write(t, m, recipetest.Fast(t, m))
}

// Write writes a base model with the tokenizer of recipetest and a recipe into a new folder, and gives the folder.
func Write(t testing.TB, m *lm.Model, r *recipe.Recipe) string {
	t.Helper()
	dir := t.TempDir()
	parts := map[string]func() ([]byte, error){
		models.ModelFile:     m.MarshalBinary,
		models.RecipeFile:    r.Marshal,
		models.TokenizerFile: recipetest.Tokenizer(t).MarshalJSON,
	}
	for name, marshal := range parts {
		b, err := marshal()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Model loads the model that Dir writes.
func Model(t testing.TB, seed uint64) *models.Model {
	t.Helper()
	m, err := models.Load(t.Context(), models.Path(Dir(t, seed)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
