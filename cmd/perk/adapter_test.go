package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/eval"
)

// TestExportForms holds the exported files to each other: initial adapter + exported delta = whole = PEFT.
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
	for _, form := range []string{"stored", "delta", "whole", "peft"} {
		w.ok("adapter", "export", "docs/mary.txt", "--form", form, "--out", file(form))
	}
	m, err := models.Load(models.Dir(w.model))
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
	want := m.Recipe.Init.Clone()
	if err := want.AddDelta(delta); err != nil {
		t.Fatal(err)
	}
	whole := read(file("whole"))
	if diff := cmp.Diff(want.All(), whole.Tensors); diff != "" {
		t.Errorf("whole: %s", diff)
	}
	peft := read(filepath.Join(file("peft"), lora.PEFTWeights))
	for i := range whole.Tensors {
		whole.Tensors[i].Name = "base_model.model." + whole.Tensors[i].Name
	}
	if diff := cmp.Diff(whole.Tensors, peft.Tensors, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("PEFT: %s", diff)
	}
	config, err := os.ReadFile(filepath.Join(file("peft"), lora.PEFTConfig))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		R       int      `json:"r"`
		Alpha   float64  `json:"lora_alpha"`
		Targets []string `json:"target_modules"`
	}
	if err := json.Unmarshal(config, &c); err != nil || math.Abs(c.Alpha/float64(c.R)-float64(want.Scale)) > 1e-9 || !cmp.Equal(c.Targets, want.Names()) {
		t.Errorf("%+v, %v", c, err)
	}
	r := w.perk("adapter", "export", "docs/mary.txt", "--form", "peft", "--out", file("again"))
	if warned := strings.Contains(r.errs, "PEFT does not know norm_a"); warned != (len(want.Normalised()) > 0) {
		t.Errorf("%v normalise, said %q", want.Normalised(), r.errs)
	}
	w.fails([]string{"no form", "peft"}, "adapter", "export", "docs/mary.txt", "--form", "zip", "--out", file("zip"))
	w.fails([]string{"two files"}, "adapter", "export", "docs/mary.txt", "--form", "peft", "--out", "-")
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
