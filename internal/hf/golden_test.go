package hf_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
)

// logitsTolerance is the largest absolute error against other programs' float32 logits.
const logitsTolerance = 1e-4

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

func readFloats(t testing.TB, path string) []float32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(raw)/4)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// maxError gives the largest absolute difference.
func maxError(t testing.TB, got, want []float32) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d logits, want %d", len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// checkLogits holds both paths of a model to logits (tokens, vocab) that another program computed, and the training path's loss to its mean.
func checkLogits(t *testing.T, m *lm.Model, tokens []int32, want []float32, nll float64) {
	t.Helper()
	n, v := len(tokens), m.Config().Vocab
	b := lm.Batch{Tokens: tokens, Targets: append(slices.Clone(tokens[1:]), -1), B: 1, T: n}
	p, err := m.NewPass(t.Context(), b, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Logits(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := maxError(t, got, want)
	if t.Logf("training path: largest error %.2g", d); d > logitsTolerance {
		t.Errorf("training path: largest error %v, want at most %v", d, logitsTolerance)
	}
	loss := 0.0
	for i := range n - 1 {
		sum := 0.0
		for _, z := range got[i*v : (i+1)*v] {
			sum += math.Exp(float64(z))
		}
		loss += math.Log(sum) - float64(got[i*v+int(tokens[i+1])])
	}
	if loss /= float64(n - 1); math.Abs(loss-nll) > 1e-5 {
		t.Errorf("mean token loss %v, want %v", loss, nll)
	}
	s, err := m.NewSession(nil)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, tok := range tokens {
		got, err := s.Step(tok)
		if err != nil {
			t.Fatal(err)
		}
		worst = max(worst, maxError(t, got, want[i*v:(i+1)*v]))
	}
	if t.Logf("decode path: largest error %.2g", worst); worst > logitsTolerance {
		t.Errorf("decode path: largest error %v, want at most %v", worst, logitsTolerance)
	}
}

// greedy continues a prompt with the most probable tokens, to a length of n.
func greedy(t testing.TB, m *lm.Model, prompt []int32, n int) []int32 {
	t.Helper()
	s, err := m.NewSession(nil)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(prompt)
	logits, err := s.Prefill(t.Context(), prompt)
	for len(out) < n {
		if err != nil {
			t.Fatal(err)
		}
		next := slices.Index(logits, slices.Max(logits))
		out = append(out, int32(next))
		logits, err = s.Step(int32(next))
	}
	return out
}

// TestTinyGPT2 compares with logits and greedy texts that ONNX Runtime computed.
func TestTinyGPT2(t *testing.T) {
	dir := testData(t, "models", "tiny-random-gpt2")
	m, err := hf.Open(t.Context(), os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Prompt []int32 `json:"prompt"`
		NLL    float64 `json:"mean_next_token_nll"`
		Greedy []struct {
			Prompt   []int32 `json:"prompt"`
			Length   int     `json:"max_length"`
			Expected []int32 `json:"expected"`
		} `json:"greedy"`
	}
	readJSON(t, filepath.Join(dir, "golden.json"), &g)
	checkLogits(t, m, g.Prompt, readFloats(t, filepath.Join(dir, "golden_prompt24_logits_f32.bin")), g.NLL)
	if len(g.Greedy) == 0 {
		t.Fatal("no greedy texts")
	}
	for _, c := range g.Greedy {
		if diff := cmp.Diff(c.Expected, greedy(t, m, c.Prompt, c.Length)); diff != "" {
			t.Errorf("after %v: %s", c.Prompt, diff)
		}
	}
}

// TestStories260KInTheHubsLayout writes the trained model of llama2.c as a Llama folder, with the rows of queries and keys in the order that Transformers
// wants for its rotation, and compares with llama2.c's own logits.
func TestStories260KInTheHubsLayout(t *testing.T) {
	dir := testData(t, "models", "stories260K")
	var g struct {
		Prompt []int32 `json:"prompt_ids"`
		NLL    float64 `json:"mean_next_token_nll"`
	}
	readJSON(t, filepath.Join(dir, "golden.json"), &g)
	m := mustOpen(t, hubFolder(t, filepath.Join(dir, "stories260K.bin")))
	checkLogits(t, m, g.Prompt, readFloats(t, filepath.Join(dir, "golden_logits_f32.bin")), g.NLL)
}

// hubFolder converts a model of llama2.c, version 0: seven sizes, then the weights, each kind for all layers.
func hubFolder(t testing.TB, path string) fstest.MapFS {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(raw)
	var h struct{ Dim, FF, Layers, Heads, KVHeads, Vocab, Context int32 }
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		t.Fatal(err)
	}
	var out []tensor
	read := func(name string, shape ...int) []float32 {
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]float32, n)
		if err := binary.Read(r, binary.LittleEndian, data); err != nil {
			t.Fatal(err)
		}
		out = append(out, tensor{name, shape, data})
		return data
	}
	dim, ff, head := int(h.Dim), int(h.FF), int(h.Dim/h.Heads)
	kv := head * int(h.KVHeads)
	read("model.embed_tokens.weight", int(h.Vocab), dim)
	for _, part := range []struct {
		name  string
		shape []int
	}{{"input_layernorm", []int{dim}}, {"self_attn.q_proj", []int{dim, dim}}, {"self_attn.k_proj", []int{kv, dim}}, {"self_attn.v_proj", []int{kv, dim}}, {"self_attn.o_proj", []int{dim, dim}},
		{"post_attention_layernorm", []int{dim}}, {"mlp.gate_proj", []int{ff, dim}}, {"mlp.down_proj", []int{dim, ff}}, {"mlp.up_proj", []int{ff, dim}}} {
		for i := range int(h.Layers) {
			data := read(fmt.Sprintf("model.layers.%d.%s.weight", i, part.name), part.shape...)
			if part.name == "self_attn.q_proj" || part.name == "self_attn.k_proj" {
				unpair(data, head, dim)
			}
		}
	}
	read("model.norm.weight", dim)
	config := fmt.Sprintf(`{"model_type":"llama","vocab_size":%d,"hidden_size":%d,"num_hidden_layers":%d,"num_attention_heads":%d,"num_key_value_heads":%d,"intermediate_size":%d,
		"max_position_embeddings":%d,"hidden_act":"silu","rms_norm_eps":1e-5,"tie_word_embeddings":true}`, h.Vocab, h.Dim, h.Layers, h.Heads, h.KVHeads, h.FF, h.Context)
	return fstest.MapFS{"config.json": {Data: []byte(config)}, "model.safetensors": file("F32", out)}
}

// unpair moves row 2i+j of every head to row j·head/2+i: llama2.c rotates neighbours, Transformers the halves.
func unpair(w []float32, head, dim int) {
	for ; len(w) > 0; w = w[head*dim:] {
		from := slices.Clone(w[:head*dim])
		for r := range head {
			to := r%2*head/2 + r/2
			copy(w[to*dim:(to+1)*dim], from[r*dim:])
		}
	}
}
