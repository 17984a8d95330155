package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/hub/hubtest"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

// A published model is taken in, writes and answers, and stays as long as adapters need it.
func TestModels(t *testing.T) {
	w := newWorld(t)
	for name, path := range map[string]string{"llama": modelstest.Published(t, 1), "llama-gguf": modelstest.GGUF(t, 2)} {
		if out := w.ok("model", "add", path, "--name", name); !strings.Contains(out, "--model "+name) || !strings.Contains(out, "not meta-trained") {
			t.Errorf("added: %s", out)
		}
	}
	if out := w.ok("model", "ls"); !strings.Contains(out, "llama-gguf") || !strings.Contains(out, "perk-nano") || strings.Count(out, "\n") != 4 {
		t.Errorf("list:\n%s", out)
	}
	if all := decode[[]models.Manifest](t, w.ok("model", "ls", "--json")); len(all) != 2 || all[0].Name != "llama" || all[1].Format != models.GGUF {
		t.Errorf("%+v", all)
	}
	w.model = "llama"
	if out := w.ok("model", "info"); !strings.Contains(out, "not meta-trained") || !strings.Contains(out, "mlp.gate of 2 layers, rank 16") {
		t.Errorf("info:\n%s", out)
	}
	if i := decode[modelInfo](t, w.ok("model", "info", "llama-gguf", "--json")); i.Name != "llama-gguf" || !i.Untrained || i.Format != models.GGUF {
		t.Errorf("%+v", i)
	}
	doc := filepath.Join(w.docs, "mary.txt")
	if r := w.perk("encode", doc); r.status != statusOK || !strings.Contains(r.errs, "not meta-trained") {
		t.Errorf("encode: %s%s", r.out, r.errs)
	}
	if r := w.perk("index", "--folder", w.docs); r.status != statusOK || !strings.Contains(r.out, "2 encoded") || !strings.Contains(r.errs, "not meta-trained") {
		t.Errorf("index: %s%s", r.out, r.errs)
	}
	w.ok("ask", "docs/mary.txt", "Where is Mary?", "--max-tokens", "3")
	w.fails([]string{"2 adapters", "llama", "--force"}, "model", "rm", "llama")
	if out := w.ok("model", "rm", "llama-gguf"); !strings.Contains(out, "removed llama-gguf") {
		t.Errorf("removed: %s", out)
	}
	w.fails([]string{"llama-gguf", "perk model ls"}, "model", "info", "llama-gguf")
	if out := w.ok("model", "verify"); !strings.Contains(out, "1 models are whole") {
		t.Errorf("verify: %s", out)
	}
	weights := filepath.Join(w.data, "models", "llama", "model.safetensors")
	if err := os.Truncate(weights, 1000); err != nil {
		t.Fatal(err)
	}
	w.fails([]string{"model.safetensors", "1000 bytes"}, "model", "verify", "llama")
	w.ok("model", "rm", "--force", "llama")
	w.fails([]string{"llama"}, "ask", "docs/mary.txt", "Where is Mary?")
}

func TestModelPull(t *testing.T) {
	w := newWorld(t)
	files := map[string][]byte{}
	folder := modelstest.Published(t, 1)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	h := hubtest.New(t, map[string]map[string][]byte{"owner/tiny": files})
	h.Token = "hf_secret"
	t.Setenv(hubEndpointEnv, h.URL)
	w.fails([]string{"401", hubTokenEnv}, "model", "pull", "owner/tiny")
	t.Setenv(hubTokenEnv, h.Token)
	h.Cut(20)
	if r := w.perk("model", "pull", "owner/tiny"); r.status != statusOK || !strings.Contains(r.out, "added tiny") || strings.Contains(r.out+r.errs, h.Token) {
		t.Errorf("pull: %s%s", r.out, r.errs)
	}
	w.fails([]string{"tiny", "--name"}, "model", "pull", "owner/tiny")
	w.fails([]string{"404"}, "model", "pull", "owner/other")
	h.Wrong = "model.safetensors"
	w.fails([]string{"model.safetensors", "digest"}, "model", "pull", "owner/tiny", "--name", "again")
	if out := w.ok("model", "verify", "tiny"); !strings.Contains(out, "1 models are whole") {
		t.Errorf("verify: %s", out)
	}
}
