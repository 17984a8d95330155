package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/eval"
)

// readers loads the baselines that `perk train` made in folders.
func readers(ctx context.Context, dirs []string) ([]eval.Reader, error) {
	var out []eval.Reader
	for _, dir := range dirs {
		path := filepath.Join(dir, configFile)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, perk.E(perk.ENotFound, "eval", err).WithHint("name a folder in which `perk train` finished a reader (docs/training/readers)")
		}
		c, err := meta.ParseConfig(text, nil)
		if err != nil {
			return nil, err
		}
		if c.Reader == nil {
			return nil, perk.Errorf(perk.EInvalid, "eval", "%s has no section reader", path).WithHint("measure a memory by --model")
		}
		m, err := models.Load(ctx, models.Path(dir))
		if err != nil {
			return nil, err
		}
		out = append(out, eval.Reader{Model: m, Settings: *c.Reader})
	}
	return out, nil
}
