package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// TestImportPERK takes in a checkpoint of PERK's released code from the golden files of internal/interchange, with their tiny GPT-2, and writes a document with it.
func TestImportPERK(t *testing.T) {
	w := newWorld(t)
	golden := filepath.Join("..", "..", "internal", "interchange", "testdata", "gpt2")
	base, out := filepath.Join(t.TempDir(), "tiny"), filepath.Join(t.TempDir(), "learned.safetensors")
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Fatal(err)
	}
	tokenizer, err := recipetest.TextTokenizer(t).Tokenizer.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"tokenizer.json": tokenizer}
	for _, name := range []string{"config.json", "model.safetensors"} {
		b, err := os.ReadFile(filepath.Join(golden, "base", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = bytes.ReplaceAll(b, []byte("50256"), []byte("256")) // the one special token of this vocabulary
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(base, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.ok("model", "add", base)
	checkpoint := filepath.Join(golden, "perk.ckpt")
	if got := w.ok("model", "import-perk", checkpoint, "--base", "tiny", "--out", out); !strings.Contains(got, "8 modules with rank 4, 3 steps") {
		t.Error(got)
	}
	w.ok("model", "add", out)
	w.model = "learned"
	if info := w.ok("model", "info"); !strings.Contains(info, "3 steps of adamw") || !strings.Contains(info, "weighed: true") {
		t.Error(info)
	}
	if got := w.ok("encode", filepath.Join(w.docs, "mary.txt"), "--json"); !strings.Contains(got, "tokens") {
		t.Error(got)
	}
	w.fails([]string{"PERK checkpoint"}, "model", "import-perk", checkpoint, "--base", "perk-nano", "--out", out)
	w.fails([]string{"torch.save"}, "model", "import-perk", filepath.Join(w.docs, "mary.txt"), "--base", "tiny", "--out", out)
}
