package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/lm"
)

// writePeer writes a Llama with random weights as a GGUF file in Q8_0, for other programs to run (tools/peers). Its tokens are numbers: only their speed is of interest.
// Errors: EDenied, and those of gguf.Write.
func writePeer(path string, cfg lm.Config) error {
	m, err := randomModel(cfg)
	if err != nil {
		return err
	}
	tokens, kinds := make([]string, cfg.Vocab), make([]int32, cfg.Vocab)
	for i := range tokens {
		tokens[i], kinds[i] = fmt.Sprintf("t%d", i), 1
	}
	names := strings.NewReplacer("layers.", "blk.", "attn.norm", "attn_norm", "mlp.norm", "ffn_norm", "attn.q", "attn_q", "attn.k", "attn_k", "attn.v", "attn_v", "attn.o", "attn_output",
		"mlp.gate", "ffn_gate", "mlp.up", "ffn_up", "mlp.down", "ffn_down")
	var out []gguf.Tensor
	for _, t := range m.Tensors() {
		name, form := names.Replace(t.Name), gguf.Q8_0
		switch t.Name {
		case "embed":
			name = "token_embd"
		case "norm":
			name = "output_norm"
		}
		if len(t.Shape) == 1 {
			form = gguf.F32
		}
		out = append(out, gguf.Tensor{Name: name + ".weight", Type: form, Shape: t.Shape, Data: t.Data})
	}
	f, err := os.Create(path)
	if err != nil {
		return perk.E(perk.EDenied, "bench", err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := gguf.Write(w, gguf.Metadata{
		"general.architecture": "llama", "llama.block_count": uint32(cfg.Layers), "llama.context_length": uint32(cfg.Context), "llama.embedding_length": uint32(cfg.Dim),
		"llama.feed_forward_length": uint32(cfg.FF), "llama.attention.head_count": uint32(cfg.Heads), "llama.attention.head_count_kv": uint32(cfg.KVHeads),
		"llama.attention.layer_norm_rms_epsilon": float32(cfg.NormEps), "llama.rope.freq_base": float32(cfg.RopeTheta), "llama.rope.dimension_count": uint32(cfg.Dim / cfg.Heads),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.bos_token_id": uint32(0), "tokenizer.ggml.eos_token_id": uint32(1),
		"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": []string{},
	}, out); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return perk.E(perk.ENoSpace, "bench", err)
	}
	return f.Close()
}
