package models_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

func TestLoad(t *testing.T) {
	dir := modelstest.Dir(t, 1)
	m, err := models.Load(t.Context(), models.Path(dir))
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != filepath.Base(dir) || m.ID.IsZero() || m.RecipeID.IsZero() || m.Parameters() < 1000 {
		t.Errorf("name %q, model %s, recipe %s, %d parameters", m.Name, m.ID.Short(), m.RecipeID.Short(), m.Parameters())
	}
	other := modelstest.Model(t, 2)
	if other.ID == m.ID || other.RecipeID == m.RecipeID {
		t.Error("two models have one identity")
	}
}

func TestShippedModel(t *testing.T) {
	m, err := models.Load(t.Context(), models.Nano())
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "perk-nano" {
		t.Errorf("it is called %q", m.Name)
	}
	if m.Bytes > 20<<20 {
		t.Errorf("the shipped model has %d bytes, at most 20 MB are allowed", m.Bytes)
	}
}

// hinted reports whether some error of a chain says what to do.
func hinted(err error) bool {
	var e *perk.Error
	return errors.As(err, &e) && (e.Hint != "" || hinted(e.Err))
}

func TestLoadErrors(t *testing.T) {
	edit := func(name string, change func(b []byte) []byte) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			b, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, change(b), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	half := func(b []byte) []byte { return b[:len(b)/2] }
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		code   perk.Code
		want   string // in the error, beside a hint
	}{
		"truncated model":     {edit(models.ModelFile, half), perk.ECorrupt, models.ModelFile},
		"truncated recipe":    {edit(models.RecipeFile, half), perk.ECorrupt, models.RecipeFile},
		"truncated tokenizer": {edit(models.TokenizerFile, half), perk.EInvalid, models.TokenizerFile},
		"empty model":         {edit(models.ModelFile, func([]byte) []byte { return nil }), perk.ECorrupt, models.ModelFile},
		"a weight changed": {edit(models.ModelFile, func(b []byte) []byte {
			b[len(b)-4] ^= 1
			return b
		}), perk.EStale, "base model"},
		"no recipe": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, models.RecipeFile)); err != nil {
				t.Fatal(err)
			}
		}, perk.ENotFound, models.RecipeFile},
		"recipe of another base model": {func(t *testing.T, dir string) {
			b, err := os.ReadFile(filepath.Join(modelstest.Dir(t, 2), models.RecipeFile))
			if err != nil {
				t.Fatal(err)
			}
			edit(models.RecipeFile, func([]byte) []byte { return b })(t, dir)
		}, perk.EStale, "base model"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modelstest.Dir(t, 1)
			c.damage(t, dir)
			_, err := models.Load(t.Context(), models.Path(dir))
			if perk.ErrorCode(err) != c.code || !hinted(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v, want code %s, a hint, %q and the folder", err, c.code, c.want)
			}
		})
	}
}
