package modelstest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe/recipetest"
	"github.com/perkdb/perk/internal/safetensors"
)

// shape is that of the published model: a Llama with grouped queries and a window of 256 tokens.
var shape = lm.Config{Arch: lm.ArchLlama, Vocab: 260, Dim: 16, Layers: 2, Heads: 2, KVHeads: 1, FF: 32, Context: 256, RopeTheta: 10000, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true}

// Published writes a random Llama model in the layout of Hugging Face into a new folder, and gives the folder.
func Published(t testing.TB, seed uint64) string {
	t.Helper()
	dir := published(t)
	put(t, dir, "model.safetensors", weights(t, seed, func(string) bool { return true }))
	return dir
}

// Sharded writes the model of Published with its weights in two files.
func Sharded(t testing.TB, seed uint64) string {
	t.Helper()
	dir := published(t)
	where := map[string]string{}
	for i, name := range []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		put(t, dir, name, weights(t, seed, func(tensor string) bool {
			mine := strings.HasPrefix(tensor, "model.layers.1.") == (i == 1)
			if mine {
				where[tensor] = name
			}
			return mine
		}))
	}
	put(t, dir, "model.safetensors.index.json", marshal(t, map[string]any{"metadata": map[string]any{}, "weight_map": where}))
	return dir
}

// published writes the files without weights.
func published(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	c := shape
	put(t, dir, "config.json", marshal(t, map[string]any{
		"model_type": "llama", "vocab_size": c.Vocab, "hidden_size": c.Dim, "num_hidden_layers": c.Layers, "num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads,
		"intermediate_size": c.FF, "max_position_embeddings": c.Context, "hidden_act": "silu", "rms_norm_eps": c.NormEps, "rope_theta": c.RopeTheta, "tie_word_embeddings": true,
		"bos_token_id": 256,
	}))
	put(t, dir, "generation_config.json", []byte(`{"eos_token_id":[256,255]}`))
	put(t, dir, "tokenizer.json", marshal(t, recipetest.TextTokenizer(t).Tokenizer))
	return dir
}

// GGUF writes the model of Published as a GGUF file, and gives its path.
func GGUF(t testing.TB, seed uint64) string {
	t.Helper()
	c := shape
	meta := gguf.Metadata{
		"general.architecture": "llama", "llama.block_count": uint32(c.Layers), "llama.context_length": uint32(c.Context), "llama.embedding_length": uint32(c.Dim),
		"llama.feed_forward_length": uint32(c.FF), "llama.attention.head_count": uint32(c.Heads), "llama.attention.head_count_kv": uint32(c.KVHeads),
		"llama.attention.layer_norm_rms_epsilon": float32(c.NormEps), "llama.rope.freq_base": float32(c.RopeTheta), "llama.rope.dimension_count": uint32(c.Dim / c.Heads),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.bos_token_id": uint32(256), "tokenizer.ggml.eos_token_id": uint32(256),
	}
	var vocabulary struct {
		Model struct {
			Vocab map[string]int
		}
	}
	if err := json.Unmarshal(marshal(t, recipetest.TextTokenizer(t).Tokenizer), &vocabulary); err != nil {
		t.Fatal(err)
	}
	tokens, kinds := make([]string, 257), make([]int32, 257)
	for token, id := range vocabulary.Model.Vocab {
		tokens[id], kinds[id] = token, 1
	}
	tokens[256], kinds[256] = "<|endoftext|>", 3
	meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"], meta["tokenizer.ggml.merges"] = tokens, kinds, []string{}
	// The names as llama.cpp's converter gives them.
	names := strings.NewReplacer("model.layers.", "blk.", "self_attn.q_proj", "attn_q", "self_attn.k_proj", "attn_k", "self_attn.v_proj", "attn_v", "self_attn.o_proj", "attn_output",
		"mlp.gate_proj", "ffn_gate", "mlp.up_proj", "ffn_up", "mlp.down_proj", "ffn_down", "input_layernorm", "attn_norm", "post_attention_layernorm", "ffn_norm",
		"model.embed_tokens", "token_embd", "model.norm", "output_norm")
	var out []gguf.Tensor
	for _, x := range tensors(t, seed) {
		data := x.Data
		if strings.Contains(x.Name, "q_proj") || strings.Contains(x.Name, "k_proj") {
			data = interleaved(data, c.Dim/c.Heads, c.Dim)
		}
		out = append(out, gguf.Tensor{Name: names.Replace(x.Name), Shape: x.Shape, Data: data})
	}
	var b bytes.Buffer
	if err := gguf.Write(&b, meta, out); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "tiny.gguf", b.Bytes())
	return filepath.Join(dir, "tiny.gguf")
}

// interleaved is what the converter does to queries and keys: reshape(heads, 2, width/2, cols), swap the middle axes, and back.
func interleaved(x []float32, width, cols int) []float32 {
	var out []float32
	for head := range slices.Chunk(x, width*cols) {
		for i := range width / 2 {
			for _, half := range []int{0, 1} {
				out = append(out, head[(half*width/2+i)*cols:][:cols]...)
			}
		}
	}
	return out
}

// tensors gives the weights under Transformers' names.
func tensors(t testing.TB, seed uint64) []safetensors.Tensor {
	t.Helper()
	names := strings.NewReplacer("attn.norm", "input_layernorm", "mlp.norm", "post_attention_layernorm", "attn.q", "self_attn.q_proj", "attn.k", "self_attn.k_proj", "attn.v", "self_attn.v_proj",
		"attn.o", "self_attn.o_proj", "mlp.gate", "mlp.gate_proj", "mlp.up", "mlp.up_proj", "mlp.down", "mlp.down_proj", "embed", "embed_tokens")
	out := recipetest.Random(t, shape, seed).Tensors()
	for i, x := range out {
		out[i].Name = "model." + names.Replace(x.Name) + ".weight"
	}
	return out
}

// weights gives a safetensors file of some of the weights.
func weights(t testing.TB, seed uint64, want func(name string) bool) []byte {
	t.Helper()
	b, err := safetensors.Marshal(map[string]string{"format": "pt"}, slices.DeleteFunc(tensors(t, seed), func(x safetensors.Tensor) bool { return !want(x.Name) }))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}
