package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/perkdb/perk/internal/bpe"
	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

// TestSentencePiece loads a model with the vocabulary of Llama 2's kind from safetensors and from GGUF: it is the same model.
func TestSentencePiece(t *testing.T) {
	v := bpe.Vocabulary{Pre: bpe.SentencePiece, Prefix: bpe.PrefixAll, Tokens: []string{"", "", ""}}
	all, kinds, scores := []string{"<unk>", "<s>", "</s>"}, []int32{2, 3, 3}, make([]float32, 260)
	for i, special := range all {
		v.Added = append(v.Added, bpe.Added{ID: int32(i), Text: special, Special: true})
	}
	for b := range 256 {
		all, kinds = append(all, fmt.Sprintf("<0x%02X>", b)), append(kinds, 6)
	}
	all, kinds = append(all, "▁"), append(kinds, 1)
	v.Tokens = append(v.Tokens, all[3:]...)
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(tok)
	if err != nil {
		t.Fatal(err)
	}
	folder := modelstest.Published(t, 1)
	put(t, filepath.Join(folder, "tokenizer.json"), file)
	edit(t, filepath.Join(folder, "config.json"), `"bos_token_id":256`, `"bos_token_id":1`)
	put(t, filepath.Join(folder, "generation_config.json"), []byte(`{"eos_token_id":2}`))

	path := modelstest.GGUF(t, 1)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gguf.Open(bytes.NewReader(old), int64(len(old)))
	if err != nil {
		t.Fatal(err)
	}
	m := r.Metadata
	m["tokenizer.ggml.model"], m["tokenizer.ggml.tokens"], m["tokenizer.ggml.token_type"], m["tokenizer.ggml.scores"] = "llama", all, kinds, scores
	m["tokenizer.ggml.bos_token_id"], m["tokenizer.ggml.eos_token_id"] = uint32(1), uint32(2)
	var tensors []gguf.Tensor
	for _, e := range r.Entries {
		x, err := r.Floats(e)
		if err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, gguf.Tensor{Name: e.Name, Shape: e.Shape, Data: x})
	}
	var out bytes.Buffer
	if err := gguf.Write(&out, m, tensors); err != nil {
		t.Fatal(err)
	}
	put(t, path, out.Bytes())

	one, err := models.Load(t.Context(), models.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	two, err := models.Load(t.Context(), models.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	if one.ID != two.ID || one.RecipeID != two.RecipeID {
		t.Error("the model of safetensors is another one than that of GGUF")
	}
	if got := one.Tokenizer.Decode(one.Tokenizer.Encode(" Grüße")); got != " Grüße" {
		t.Errorf("decoded %q", got)
	}
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func edit(t *testing.T, path, old, new string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%s is not in %s (%v)", old, path, err)
	}
	put(t, path, bytes.Replace(b, []byte(old), []byte(new), 1))
}
