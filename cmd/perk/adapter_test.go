package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/internal/safetensors"
	"github.com/perkdb/perk/internal/tokenizer"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner/eval"
)

// TestExportForms holds the exported files to each other: initial adapter + exported delta = whole.
func TestExportForms(t *testing.T) {
	w := newWorld(t)
	w.index()
	read := func(path string) *safetensors.File {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	dir := t.TempDir()
	file := func(form string) string { return filepath.Join(dir, form) }
	for _, form := range []string{"stored", "delta", "whole"} {
		w.ok("adapter", "export", "docs/mary.txt", "--form", form, "--out", file(form))
	}
	m, err := models.Load(t.Context(), models.Path(w.model))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(file("stored"))
	if err != nil {
		t.Fatal(err)
	}
	delta, err := lora.Unmarshal(stored, m.Recipe.Init)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(delta.Trained(), read(file("delta")).Tensors); diff != "" {
		t.Errorf("delta: %s", diff)
	}
	want := delta.Clone()
	if err := want.Onto(m.Recipe.Init); err != nil {
		t.Fatal(err)
	}
	whole := read(file("whole"))
	if diff := cmp.Diff(want.All(), whole.Tensors); diff != "" {
		t.Errorf("whole: %s", diff)
	}
	w.fails([]string{"norm_a", "layers.1.mlp.down"}, "adapter", "export", "docs/mary.txt", "--form", "peft", "--out", file("peft"))
	w.fails([]string{"no form", "peft"}, "adapter", "export", "docs/mary.txt", "--form", "zip", "--out", file("zip"))
	w.fails([]string{"two files"}, "adapter", "export", "docs/mary.txt", "--form", "peft", "--out", "-")
}

// TestInterchange takes an adapter out as PEFT has it, and in again for another document: it is the same but for the rounding of the store.
func TestInterchange(t *testing.T) {
	w := newWorld(t)
	llama := recipetest.Random(t, lm.Config{Arch: lm.ArchLlama, Vocab: tokenizer.MinVocab, Dim: 16, Layers: 2, Heads: 4, KVHeads: 2, FF: 24, Context: 256,
		RopeTheta: 10000, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true}, 1)
	w.model = modelstest.Write(t, llama, recipetest.Perk(t, llama))
	w.index()
	dir := t.TempDir()
	peft, file := filepath.Join(dir, "peft"), func(name string) string { return filepath.Join(dir, name) }
	w.ok("adapter", "export", "docs/mary.txt", "--form", "peft", "--out", peft)
	w.ok("adapter", "export", "docs/mary.txt", "--form", "delta", "--out", file("delta"))
	w.ok("adapter", "export", "docs/mary.txt", "--form", "gguf", "--out", file("gguf"))
	if b, err := os.ReadFile(file("gguf")); err != nil || !strings.HasPrefix(string(b), "GGUF") {
		t.Errorf("%.8q, %v", b, err)
	}
	text := filepath.Join(w.docs, "john.txt")
	if out := w.ok("adapter", "import", "docs/copy", "--from", peft, "--text", text); !strings.Contains(out, "docs/copy") {
		t.Error(out)
	}
	w.ok("adapter", "export", "docs/copy", "--form", "delta", "--out", file("copy"))
	var deltas [2]*safetensors.File
	for i, name := range []string{"delta", "copy"} {
		b, err := os.ReadFile(file(name))
		if err == nil {
			deltas[i], err = safetensors.Read(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(deltas[0], deltas[1], cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Error(diff)
	}
	// A running server takes it, answers from it at once, and has nothing to index: it is an adapter of the present text.
	s := w.serve("--interval", "0")
	before := w.ok("ask", "docs/john.txt", "Where is John?", "--max-tokens", "4", "--json")
	w.ok("adapter", "import", "docs/john.txt", "--from", peft, "--text", text)
	if after := w.ok("ask", "docs/john.txt", "Where is John?", "--max-tokens", "4", "--json"); digestOf(t, after) == digestOf(t, before) || digestOf(t, after) == "" {
		t.Errorf("answered from %q before the import and from %q after it", digestOf(t, before), digestOf(t, after))
	}
	if out := w.index(); !strings.Contains(out, "2 unchanged") {
		t.Error(out)
	}
	s.stop()
	w.fails([]string{"save_pretrained"}, "adapter", "import", "docs/copy", "--from", dir, "--text", text)
	w.model = modelstest.Dir(t, 1)
	w.fails([]string{"runs in perk only"}, "adapter", "import", "docs/copy", "--from", peft, "--text", text)
}

// digestOf is the digest of the adapter that an answer of `perk ask --json` came from.
func digestOf(t *testing.T, answer string) string {
	t.Helper()
	var a struct {
		Adapter struct {
			Digest string `json:"digest"`
		} `json:"adapter"`
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	return a.Adapter.Digest
}

func TestAdapterBits(t *testing.T) {
	w := newWorld(t)
	lines := strings.Split(strings.TrimSpace(w.ok("adapter", "bits", "--sample", "200", "--json")), "\n")
	if len(lines) != 9 {
		t.Fatalf("%q", lines)
	}
	var last width
	for i, line := range lines {
		got := decode[width](t, line)
		if i == 0 && (got.Bits != 32 || got.Error != 0) || i > 0 && (got.Bits != 9-i || got.Bytes >= last.Bytes || got.Error <= last.Error || got.Error > 1) || got.Pack <= 0 || got.Unpack <= 0 {
			t.Errorf("%+v after %+v", got, last)
		}
		last = got
	}
	if out := w.ok("adapter", "bits", filepath.Join(w.docs, "mary.txt")); strings.Count(out, "\n") != 10 || !strings.Contains(out, "BITS/ELEMENT") {
		t.Error(out)
	}
}

// TestEvalBits: other bits are another recipe, as when they had been trained so.
func TestEvalBits(t *testing.T) {
	t.Setenv("PERK_DATA", t.TempDir()) // no novels there
	w := newWorld(t)
	bytes := map[string]int{}
	for _, bits := range []string{"32", "4"} {
		r := decode[eval.Result](t, w.ok("eval", "--task", "babilong-qa1", "--tokens", "400", "--n", "2", "--bits", bits, "--json"))
		bytes[bits] = int(r.AdapterBytes)
	}
	if bytes["4"] == 0 || bytes["4"] >= bytes["32"] {
		t.Errorf("%v", bytes)
	}
	w.fails([]string{"bits is 9"}, "eval", "--task", "babilong-qa1", "--bits", "9")
}
