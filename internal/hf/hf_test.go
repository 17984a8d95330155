package hf_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
)

// testData finds a folder of the shared test data, and skips where there is none; in CI that is a failure.
func testData(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("PERK_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("test data: %v", err)
		}
		t.Skipf("test data: %v (set PERK_DATA)", err)
	}
	return dir
}

// tensor is one of a file as it is stored.
type tensor struct {
	name  string
	shape []int
	data  []float32
}

// file writes tensors in the safetensors format, in the given type.
func file(dtype string, ts []tensor) *fstest.MapFile {
	header, data := map[string]any{}, []byte{}
	for _, t := range ts {
		begin := len(data)
		for _, v := range t.data {
			bits := math.Float32bits(v)
			switch dtype {
			case "F32":
				data = binary.LittleEndian.AppendUint32(data, bits)
			case "BF16":
				data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
			case "F16": // exact for zero and the numbers of random
				h := uint16(bits >> 16 & 0x8000)
				if v != 0 {
					h |= uint16(bits>>23&0xff-127+15)<<10 | uint16(bits>>13&0x3ff)
				}
				data = binary.LittleEndian.AppendUint16(data, h)
			}
		}
		header[t.name] = map[string]any{"dtype": dtype, "shape": t.shape, "data_offsets": []int{begin, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return &fstest.MapFile{Data: append(append(out, text...), data...)}
}

// random gives numbers of seven significant bits, which all types hold.
func random(rng *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.IntN(255)-127) / 64
	}
	return out
}

// example is a small model as Transformers would save it.
type example struct {
	config string
	shapes []string // "name: rows, columns"
	turned bool
	lm     lm.Config
}

func (e example) tensors() []tensor {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []tensor
	for _, line := range e.shapes {
		name, dims, _ := strings.Cut(line, ": ")
		t := tensor{name: name}
		n := 1
		for d := range strings.SplitSeq(dims, ", ") {
			var size int
			fmt.Sscan(d, &size)
			t.shape, n = append(t.shape, size), n*size
		}
		t.data = random(rng, n)
		out = append(out, t)
	}
	return out
}

func (e example) folder(dtype string) fstest.MapFS {
	return fstest.MapFS{"config.json": {Data: []byte(e.config)}, "model.safetensors": file(dtype, e.tensors())}
}

// sharded deals the tensors out to two files.
func (e example) sharded(dtype string) fstest.MapFS {
	ts := e.tensors()
	where := map[string]string{}
	for i, t := range ts {
		where[t.name] = "model-00001-of-00002.safetensors"
		if i >= len(ts)/2 {
			where[t.name] = "model-00002-of-00002.safetensors"
		}
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1.5}, "weight_map": where})
	if err != nil {
		panic(err)
	}
	return fstest.MapFS{"config.json": {Data: []byte(e.config)}, "model.safetensors.index.json": {Data: index},
		"model-00001-of-00002.safetensors": file(dtype, ts[:len(ts)/2]), "model-00002-of-00002.safetensors": file(dtype, ts[len(ts)/2:])}
}

var llamaLayer = []string{"model.layers.0.input_layernorm.weight: 8", "model.layers.0.self_attn.q_proj.weight: 8, 8", "model.layers.0.self_attn.k_proj.weight: 4, 8",
	"model.layers.0.self_attn.v_proj.weight: 4, 8", "model.layers.0.self_attn.o_proj.weight: 8, 8", "model.layers.0.post_attention_layernorm.weight: 8",
	"model.layers.0.mlp.gate_proj.weight: 12, 8", "model.layers.0.mlp.up_proj.weight: 12, 8", "model.layers.0.mlp.down_proj.weight: 8, 12",
	"model.layers.0.self_attn.rotary_emb.inv_freq: 2", "model.norm.weight: 8", "model.embed_tokens.weight: 7, 8"}

func examples() map[string]example {
	return map[string]example{
		"llama": {
			config: `{"model_type":"llama","vocab_size":7,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"intermediate_size":12,
				"max_position_embeddings":32,"hidden_act":"silu","rms_norm_eps":1e-05,"rope_theta":500000.0,"head_dim":4,"tie_word_embeddings":false,
				"rope_scaling":{"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}}`,
			shapes: append(slices.Clone(llamaLayer), "lm_head.weight: 7, 8"),
			lm: lm.Config{Arch: "llama", Vocab: 7, Dim: 8, Layers: 1, Heads: 2, KVHeads: 1, FF: 12, Context: 32, RopeTheta: 500000, RopeHalf: true, NormEps: 1e-5,
				RopeScaling: lm.Scaling{Factor: 32, LowFreq: 1, HighFreq: 4, OriginalContext: 8192}},
		},
		"qwen2": {
			config: `{"model_type":"qwen2","vocab_size":7,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"num_key_value_heads":1,"intermediate_size":12,
				"max_position_embeddings":32,"hidden_act":"silu","rms_norm_eps":1e-06,"rope_theta":1000000.0,"use_sliding_window":false,"sliding_window":16,"tie_word_embeddings":true}`,
			shapes: append(slices.Clone(llamaLayer), "model.layers.0.self_attn.q_proj.bias: 8", "model.layers.0.self_attn.k_proj.bias: 4", "model.layers.0.self_attn.v_proj.bias: 4", "lm_head.weight: 7, 8"),
			lm:     lm.Config{Arch: "qwen2", Vocab: 7, Dim: 8, Layers: 1, Heads: 2, KVHeads: 1, FF: 12, Context: 32, RopeTheta: 1e6, RopeHalf: true, NormEps: 1e-6, TieEmbeddings: true},
		},
		"gpt2": {
			config: `{"model_type":"gpt2","vocab_size":7,"n_embd":8,"n_layer":1,"n_head":2,"n_inner":null,"n_positions":16,"activation_function":"gelu_new","layer_norm_epsilon":1e-05}`,
			shapes: []string{"transformer.wte.weight: 7, 8", "transformer.wpe.weight: 16, 8", "transformer.h.0.ln_1.weight: 8", "transformer.h.0.ln_1.bias: 8", "transformer.h.0.ln_2.weight: 8",
				"transformer.h.0.ln_2.bias: 8", "transformer.h.0.attn.c_attn.weight: 8, 24", "transformer.h.0.attn.c_attn.bias: 24", "transformer.h.0.attn.c_proj.weight: 8, 8",
				"transformer.h.0.attn.c_proj.bias: 8", "transformer.h.0.mlp.c_fc.weight: 8, 32", "transformer.h.0.mlp.c_fc.bias: 32", "transformer.h.0.mlp.c_proj.weight: 32, 8",
				"transformer.h.0.mlp.c_proj.bias: 8", "transformer.h.0.attn.bias: 1, 1, 16, 16", "transformer.ln_f.weight: 8", "transformer.ln_f.bias: 8"},
			turned: true,
			lm:     lm.Config{Arch: "gpt2", Vocab: 7, Dim: 8, Layers: 1, Heads: 2, KVHeads: 2, FF: 32, Context: 16, NormEps: 1e-5, TieEmbeddings: true},
		},
	}
}

// names says which of the examples' tensors must become which of lm's.
var names = map[string]string{
	"model.embed_tokens.weight": "embed", "model.norm.weight": "norm", "lm_head.weight": "head",
	"model.layers.0.input_layernorm.weight": "layers.0.attn.norm", "model.layers.0.post_attention_layernorm.weight": "layers.0.mlp.norm",
	"model.layers.0.self_attn.q_proj.weight": "layers.0.attn.q", "model.layers.0.self_attn.q_proj.bias": "layers.0.attn.q.bias",
	"model.layers.0.self_attn.k_proj.weight": "layers.0.attn.k", "model.layers.0.self_attn.k_proj.bias": "layers.0.attn.k.bias",
	"model.layers.0.self_attn.v_proj.weight": "layers.0.attn.v", "model.layers.0.self_attn.v_proj.bias": "layers.0.attn.v.bias",
	"model.layers.0.self_attn.o_proj.weight": "layers.0.attn.o", "model.layers.0.mlp.gate_proj.weight": "layers.0.mlp.gate",
	"model.layers.0.mlp.up_proj.weight": "layers.0.mlp.up", "model.layers.0.mlp.down_proj.weight": "layers.0.mlp.down",
	"transformer.wte.weight": "embed", "transformer.wpe.weight": "positions", "transformer.ln_f.weight": "norm", "transformer.ln_f.bias": "norm.bias",
	"transformer.h.0.ln_1.weight": "layers.0.attn.norm", "transformer.h.0.ln_1.bias": "layers.0.attn.norm.bias",
	"transformer.h.0.ln_2.weight": "layers.0.mlp.norm", "transformer.h.0.ln_2.bias": "layers.0.mlp.norm.bias",
	"transformer.h.0.attn.c_attn.weight": "layers.0.attn.qkv", "transformer.h.0.attn.c_attn.bias": "layers.0.attn.qkv.bias",
	"transformer.h.0.attn.c_proj.weight": "layers.0.attn.o", "transformer.h.0.attn.c_proj.bias": "layers.0.attn.o.bias",
	"transformer.h.0.mlp.c_fc.weight": "layers.0.mlp.up", "transformer.h.0.mlp.c_fc.bias": "layers.0.mlp.up.bias",
	"transformer.h.0.mlp.c_proj.weight": "layers.0.mlp.down", "transformer.h.0.mlp.c_proj.bias": "layers.0.mlp.down.bias",
}

// want gives lm's tensors of an example.
func (e example) want() map[string][]float32 {
	out := map[string][]float32{}
	for _, t := range e.tensors() {
		name := names[t.name]
		if name == "" || name == "head" && e.lm.TieEmbeddings {
			continue
		}
		out[name] = t.data
		if e.turned && len(t.shape) == 2 && strings.Contains(name, "layers.") {
			in, width := t.shape[0], t.shape[1]
			turned := make([]float32, len(t.data))
			for i := range turned {
				turned[i] = t.data[i%in*width+i/in]
			}
			out[name] = turned
		}
	}
	return out
}

func mustOpen(t testing.TB, dir fstest.MapFS) *lm.Model {
	t.Helper()
	m, err := hf.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
