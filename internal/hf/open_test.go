package hf_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
)

func TestOpenReadsEveryFamilyAndType(t *testing.T) {
	for name, e := range examples() {
		for _, dtype := range []string{"F32", "BF16", "F16"} {
			for form, dir := range map[string]fstest.MapFS{"single": e.folder(dtype), "sharded": e.sharded(dtype)} {
				m := mustOpen(t, dir)
				if diff := cmp.Diff(e.lm, m.Config()); diff != "" {
					t.Error(name, diff)
				}
				got := map[string][]float32{}
				for _, t := range m.Tensors() {
					got[t.Name] = t.Data
				}
				if diff := cmp.Diff(e.want(), got); diff != "" {
					t.Errorf("%s, %s, %s: %s", name, dtype, form, diff)
				}
			}
		}
	}
}

// TestOpenReadsModelsSavedWithoutHead: the names then have no prefix, as in the first GPT-2.
func TestOpenReadsModelsSavedWithoutHead(t *testing.T) {
	for name, e := range examples() {
		if !e.lm.TieEmbeddings {
			continue
		}
		want := mustOpen(t, e.folder("F32")).ID()
		for i, s := range e.shapes {
			e.shapes[i] = strings.TrimPrefix(strings.TrimPrefix(s, "model."), "transformer.")
		}
		if got := mustOpen(t, e.folder("F32")).ID(); got != want {
			t.Errorf("%s: another model without prefix", name)
		}
	}
}

// TestConfigsOfPublishedModels holds the fields that the models' own files have to the shapes that they are known by.
func TestConfigsOfPublishedModels(t *testing.T) {
	for name, tc := range map[string]struct {
		config string
		want   lm.Config
	}{
		"SmolLM2-135M": {`{"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":0,"eos_token_id":0,"hidden_act":"silu","hidden_size":576,
			"initializer_range":0.041666666666666664,"intermediate_size":1536,"is_llama_config":true,"max_position_embeddings":8192,"model_type":"llama","num_attention_heads":9,"num_hidden_layers":30,
			"num_key_value_heads":3,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_interleaved":false,"rope_scaling":null,"rope_theta":100000,"tie_word_embeddings":true,"torch_dtype":"bfloat16","vocab_size":49152}`,
			lm.Config{Arch: "llama", Vocab: 49152, Dim: 576, Layers: 30, Heads: 9, KVHeads: 3, FF: 1536, Context: 8192, RopeTheta: 100000, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true}},
		"Llama-3.2-1B, Transformers 5": {`{"attention_bias":false,"eos_token_id":[128001,128008],"head_dim":64,"hidden_act":"silu","hidden_size":2048,"intermediate_size":8192,"max_position_embeddings":131072,
			"mlp_bias":false,"model_type":"llama","num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"rms_norm_eps":1e-05,"rope_parameters":{"factor":32.0,"high_freq_factor":4.0,
			"low_freq_factor":1.0,"original_max_position_embeddings":8192,"rope_theta":500000.0,"rope_type":"llama3"},"tie_word_embeddings":true,"dtype":"bfloat16","vocab_size":128256}`,
			lm.Config{Arch: "llama", Vocab: 128256, Dim: 2048, Layers: 16, Heads: 32, KVHeads: 8, FF: 8192, Context: 131072, RopeTheta: 500000, RopeHalf: true, NormEps: 1e-5, TieEmbeddings: true,
				RopeScaling: lm.Scaling{Factor: 32, LowFreq: 1, HighFreq: 4, OriginalContext: 8192}}},
		"Qwen2.5-0.5B": {`{"attention_dropout":0.0,"hidden_act":"silu","hidden_size":896,"intermediate_size":4864,"max_position_embeddings":32768,"max_window_layers":24,"model_type":"qwen2","num_attention_heads":14,
			"num_hidden_layers":24,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_theta":1000000.0,"sliding_window":32768,"tie_word_embeddings":true,"use_mrope":false,"use_sliding_window":false,"vocab_size":151936}`,
			lm.Config{Arch: "qwen2", Vocab: 151936, Dim: 896, Layers: 24, Heads: 14, KVHeads: 2, FF: 4864, Context: 32768, RopeTheta: 1e6, RopeHalf: true, NormEps: 1e-6, TieEmbeddings: true}},
		"GPT-2": {`{"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"layer_norm_epsilon":1e-05,"model_type":"gpt2","n_ctx":1024,"n_embd":768,"n_head":12,"n_layer":12,
			"n_positions":1024,"vocab_size":50257}`,
			lm.Config{Arch: "gpt2", Vocab: 50257, Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, FF: 3072, Context: 1024, NormEps: 1e-5, TieEmbeddings: true}},
	} {
		got, err := hf.ParseConfigForTest([]byte(tc.config))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	config := func(family string, pairs ...string) fstest.MapFS {
		e := examples()[family]
		e.config = strings.NewReplacer(pairs...).Replace(e.config)
		return e.folder("F32")
	}
	tensors := func(family string, pairs ...string) fstest.MapFS {
		e := examples()[family]
		r := strings.NewReplacer(pairs...)
		for i, s := range e.shapes {
			e.shapes[i] = r.Replace(s)
		}
		return e.folder("F32")
	}
	index := func(text string) fstest.MapFS {
		dir := examples()["gpt2"].sharded("F32")
		dir[hf.IndexFile] = &fstest.MapFile{Data: []byte(text)}
		return dir
	}
	without := func(dir fstest.MapFS, name string) fstest.MapFS { delete(dir, name); return dir }
	with := func(dir fstest.MapFS, name string, f fstest.MapFile) fstest.MapFS { dir[name] = &f; return dir }
	shards := func() fstest.MapFS { return examples()["gpt2"].sharded("F32") }
	gpt2 := func() fstest.MapFS { return examples()["gpt2"].folder("F32") }
	const second = "model-00002-of-00002.safetensors"
	for name, tc := range map[string]struct {
		dir  fstest.MapFS
		code perk.Code
		text string
	}{
		"empty folder":     {fstest.MapFS{}, perk.ENotFound, "config.json: "},
		"no weights":       {without(gpt2(), hf.WeightsFile), perk.ENotFound, "neither model.safetensors nor model.safetensors.index.json"},
		"no shard":         {without(shards(), second), perk.ENotFound, second + ": "},
		"directory":        {with(without(gpt2(), hf.WeightsFile), hf.WeightsFile, fstest.MapFile{Mode: fs.ModeDir | 0o755}), perk.EInvalid, "model.safetensors is no regular file"},
		"pipe":             {with(gpt2(), hf.ConfigFile, fstest.MapFile{Mode: fs.ModeNamedPipe}), perk.EInvalid, "config.json is no regular file"},
		"huge config":      {with(gpt2(), hf.ConfigFile, fstest.MapFile{Data: make([]byte, 1<<20+1)}), perk.EInvalid, "config.json has 1048577 bytes"},
		"no JSON":          {config("gpt2", `{"model_type"`, `{model_type`), perk.EInvalid, "parse config.json"},
		"two objects":      {config("gpt2", `1e-05}`, `1e-05}{}`), perk.EInvalid, "goes on after"},
		"type of field":    {config("gpt2", `"n_embd":8`, `"n_embd":"8"`), perk.EInvalid, "n_embd"},
		"infinite":         {config("gpt2", `1e-05`, `Infinity`), perk.EInvalid, "parse config.json"},
		"model type":       {config("gpt2", `"gpt2"`, `"bert"`), perk.EInvalid, "does not run bert"},
		"no model type":    {config("gpt2", `"model_type":"gpt2",`, ``), perk.EInvalid, "model_type"},
		"quantised":        {config("llama", `{"model_type"`, `{"quantization_config":{"bits":4},"model_type"`), perk.EInvalid, "quantised weights"},
		"size missing":     {config("gpt2", `"n_layer":1,`, ``), perk.EInvalid, "n_layer is 0"},
		"size negative":    {config("llama", `"hidden_size":8`, `"hidden_size":-8`), perk.EInvalid, "hidden_size is -8"},
		"size too large":   {config("llama", `"intermediate_size":12`, `"intermediate_size":99999999999`), perk.EInvalid, "ff is 99999999999"},
		"heads":            {config("llama", `"num_attention_heads":2`, `"num_attention_heads":3`, `"head_dim":4,`, ``), perk.EInvalid, "split into 3 heads"},
		"head width":       {config("llama", `"head_dim":4`, `"head_dim":8`), perk.EInvalid, "head_dim: perk does not run 8"},
		"activation":       {config("llama", `"silu"`, `"gelu"`), perk.EInvalid, "hidden_act: perk does not run gelu"},
		"exact gelu":       {config("gpt2", `"gelu_new"`, `"gelu"`), perk.EInvalid, "activation_function: perk does not run gelu"},
		"biases":           {config("llama", `{"model_type"`, `{"attention_bias":true,"model_type"`), perk.EInvalid, "attention_bias"},
		"MLP biases":       {config("llama", `{"model_type"`, `{"mlp_bias":true,"model_type"`), perk.EInvalid, "mlp_bias"},
		"sliding window":   {config("qwen2", `"use_sliding_window":false`, `"use_sliding_window":true`), perk.EInvalid, "use_sliding_window"},
		"partial rotation": {config("llama", `{"model_type"`, `{"partial_rotary_factor":0.5,"model_type"`), perk.EInvalid, "partial_rotary_factor"},
		"rope type":        {config("llama", `"rope_type":"llama3"`, `"type":"yarn"`), perk.EInvalid, "rope_scaling: perk does not run yarn"},
		"rope without":     {config("llama", `,"factor":32.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192`, ``), perk.EInvalid, "llama3 without its factors"},
		"rope factors":     {config("llama", `"low_freq_factor":1.0`, `"low_freq_factor":5.0`), perk.EInvalid, "rope_scaling factors"},
		"unscaled scores":  {config("gpt2", `{"model_type"`, `{"scale_attn_weights":false,"model_type"`), perk.EInvalid, "scale_attn_weights"},
		"scores by layer":  {config("gpt2", `{"model_type"`, `{"scale_attn_by_inverse_layer_idx":true,"model_type"`), perk.EInvalid, "scale_attn_by_inverse_layer_idx"},
		"cross attention":  {config("gpt2", `{"model_type"`, `{"add_cross_attention":true,"model_type"`), perk.EInvalid, "add_cross_attention"},
		"more layers":      {config("gpt2", `"n_layer":1`, `"n_layer":2`), perk.EInvalid, `model.safetensors has no tensor "transformer.h.1.ln_1.weight"`},
		"untied":           {config("gpt2", `{"model_type"`, `{"tie_word_embeddings":false,"model_type"`), perk.EInvalid, `no tensor "lm_head.weight"`},
		"another tensor":   {tensors("qwen2", "q_proj.bias: 8", "q_norm.weight: 8"), perk.EInvalid, `no tensor "model.layers.0.self_attn.q_proj.bias"`},
		"one too many":     {tensors("llama", "inv_freq: 2", "beta: 2"), perk.EInvalid, `has the tensor "model.layers.0.self_attn.rotary_emb.beta"`},
		"head's bias":      {tensors("qwen2", "lm_head.weight: 7, 8", "lm_head.bias: 7"), perk.EInvalid, `has the tensor "lm_head.bias"`},
		"Qwen as Llama":    {config("qwen2", `"qwen2"`, `"llama"`), perk.EInvalid, `has the tensor "model.layers.0.self_attn.k_proj.bias"`},
		"shape":            {tensors("gpt2", "c_fc.weight: 8, 32", "c_fc.weight: 32, 8"), perk.EInvalid, `tensor "transformer.h.0.mlp.c_fc.weight" has shape [32 8], want [8 32] by config.json`},
		"dimensions":       {tensors("gpt2", "ln_f.bias: 8", "ln_f.bias: 1, 8"), perk.EInvalid, `has shape [1 8], want [8]`},
		"truncated":        {with(gpt2(), hf.WeightsFile, fstest.MapFile{Data: gpt2()[hf.WeightsFile].Data[:4000]}), perk.ECorrupt, "model.safetensors: "},
		"no safetensors":   {with(gpt2(), hf.WeightsFile, fstest.MapFile{Data: []byte("<html>not found</html>")}), perk.ECorrupt, "model.safetensors: "},
		"index: no JSON":   {index(`weight_map`), perk.EInvalid, hf.IndexFile},
		"index: list":      {index(`[]`), perk.EInvalid, "no JSON object"},
		"index: cut":       {index(`{"weight_map":{"a":"b.safetensors"}`), perk.EInvalid, hf.IndexFile},
		"index: no map":    {index(`{"metadata":{}}`), perk.EInvalid, "weight_map is missing"},
		"index: two maps":  {index(`{"weight_map":{},"weight_map":{}}`), perk.EInvalid, "weight_map is there twice"},
		"index: goes on":   {index(`{"weight_map":{}} 7`), perk.EInvalid, "goes on"},
		"index: number":    {index(`{"weight_map":{"a":7}}`), perk.EInvalid, `file of tensor "a"`},
		"index: twice":     {index(`{"weight_map":{"a":"b.safetensors","a":"b.safetensors"}}`), perk.EInvalid, `tensor "a" is there twice`},
		"index: above":     {index(`{"weight_map":{"a":"../b.safetensors"}}`), perk.EInvalid, `lies in "../b.safetensors"`},
		"index: absolute":  {index(`{"weight_map":{"a":"/etc/b.safetensors"}}`), perk.EInvalid, `lies in "/etc/b.safetensors"`},
		"index: below":     {index(`{"weight_map":{"a":"b/c.safetensors"}}`), perk.EInvalid, `lies in "b/c.safetensors"`},
		"index: windows":   {index(`{"weight_map":{"a":"..\\b.safetensors"}}`), perk.EInvalid, `want the name of a .safetensors file`},
		"index: pickle":    {index(`{"weight_map":{"a":"pytorch_model.bin"}}`), perk.EInvalid, `lies in "pytorch_model.bin"`},
		"index: lacks":     {index(`{"weight_map":{"a":"b.safetensors"}}`), perk.EInvalid, `model.safetensors.index.json has no tensor "transformer.wte.weight"`},
		"index: many":      {index(many(1025)), perk.EInvalid, "more than 1024 files"},
		"index: lies": {index(strings.Replace(string(shards()[hf.IndexFile].Data), `"transformer.wte.weight":"model-00001`, `"transformer.wte.weight":"model-00002`, 1)),
			perk.EInvalid, second + ` lacks tensor "transformer.wte.weight"`},
	} {
		_, err := hf.Open(t.Context(), tc.dir)
		if perk.ErrorCode(err) != tc.code || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want %s with %q", name, err, tc.code, tc.text)
		}
	}
}

// many is an index that names n files.
func many(n int) string {
	b := &strings.Builder{}
	for i := range n {
		fmt.Fprintf(b, `,"%d":"%d.safetensors"`, i, i)
	}
	return `{"weight_map":{` + b.String()[1:] + `}}`
}

func TestOpenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hf.Open(ctx, examples()["gpt2"].folder("F32")); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want ECanceled", err)
	}
}
