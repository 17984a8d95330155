package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk/models"
)

// TestTrainForABase learns a recipe for a base model in two steps; the base model's folder takes the recipe.
func TestTrainForABase(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	corpus := file("novels.gz", fewNovels(t))
	const settings = `"seed": 1, "targets": [{"module": "layers.1.mlp.down", "rank": 8, "norm_a": true, "train_a": false, "train_b": true}], "scale": 0.5, "steps": 1, "unroll": 1,
		"rule": {"name": "ridge"}, "inner_rate": 1, "inner_ridge": 0.3, "loss_divisor": 100, "weight_hidden": 4, "chunk_tokens": 32, "reverse": true, "bits": 8,
		"tasks": [{"task": "babilong-qa1", "weight": 1}], "lengths": [{"min": 400, "max": 420}], "budget": 1, "questions": 2, "ask_tokens": 200, "answers": 200,
		"outer_steps": 2, "lr": 0.001, "rate_lr": 0.01, "clip": 1}`
	config := file("train.json", `{"name": "test", `+settings)
	out := filepath.Join(dir, "out")
	r := w.perk("train", "--base", w.model, "--config", config, "--corpus", corpus, "--out", out, "--workers", "1")
	if r.status != statusOK || !strings.Contains(r.errs, "step 2/2") {
		t.Fatalf("status %d: %s%s", r.status, r.out, r.errs)
	}
	if _, err := os.Stat(filepath.Join(out, models.ModelFile)); err == nil {
		t.Error("the base model was written again")
	}
	b, err := os.ReadFile(filepath.Join(out, models.RecipeFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(w.model, models.RecipeFile), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if info := w.ok("model", "info"); !strings.Contains(info, "1 steps of ridge") {
		t.Error(info)
	}
	w.index()
	other := file("other.json", `{"name": "test", "model": {"arch": "nano"}, `+settings)
	w.fails([]string{"leave the field model out"}, "train", "--base", w.model, "--config", other, "--corpus", corpus, "--out", out)
}

// fewNovels is a file of novels, of which some are for evaluation.
func fewNovels(t *testing.T) string {
	t.Helper()
	var novels strings.Builder
	z := gzip.NewWriter(&novels)
	for i := range 40 {
		if _, err := z.Write([]byte(fmt.Sprint("Novel ", i, "\n") + strings.Repeat("It was a quiet evening, and nobody spoke. ", 100) + "\x1e")); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return novels.String()
}

// TestTrainOfAMean: the mean of a model and itself is that model, bit for bit; nothing is learned from one model without a step.
func TestTrainOfAMean(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	corpus, out := filepath.Join(dir, "novels.gz"), filepath.Join(dir, "out")
	if err := os.WriteFile(corpus, []byte(fewNovels(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	nano := filepath.Join("..", "..", "models", "perk-nano")
	args := []string{"train", "--config", filepath.Join("..", "..", "docs", "training", "perk-nano", "mean", "train.json"), "--corpus", corpus, "--out", out, "--from", nano}
	w.fails([]string{"outer_steps", "--from"}, args...)
	w.ok(append(args, "--from", nano)...)
	want, err := os.ReadFile(filepath.Join(nano, models.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(out, models.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the mean of the shipped model and itself is another one")
	}
}
