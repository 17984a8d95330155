package hf

import (
	"github.com/perkdb/perk/internal/lm"
)

func gpt2Family() family {
	return family{
		config: gpt2Config,
		prefix: "transformer.",
		layers: "h.",
		parts: map[string]string{
			"embed": "wte", "positions": "wpe", "norm": "ln_f",
			"attn.norm": "ln_1", "mlp.norm": "ln_2",
			"attn.qkv": "attn.c_attn", "attn.o": "attn.c_proj", "mlp.up": "mlp.c_fc", "mlp.down": "mlp.c_proj",
		},
		conv1D: true,
		unused: []string{".attn.bias", ".attn.masked_bias"}, // the causal mask
	}
}

func gpt2Config(raw []byte) (lm.Config, error) {
	var h struct {
		Vocab     int      `json:"vocab_size"`
		Dim       int      `json:"n_embd"`
		Layers    int      `json:"n_layer"`
		Heads     int      `json:"n_head"`
		FF        *int     `json:"n_inner"`
		Context   int      `json:"n_positions"`
		Act       string   `json:"activation_function"`
		Eps       *float64 `json:"layer_norm_epsilon"`
		Tied      *bool    `json:"tie_word_embeddings"`
		Scaled    *bool    `json:"scale_attn_weights"`
		ByLayer   bool     `json:"scale_attn_by_inverse_layer_idx"`
		CrossAttn bool     `json:"add_cross_attention"`
	}
	if err := decode(raw, &h); err != nil {
		return lm.Config{}, err
	}
	if err := present(size{"vocab_size", h.Vocab}, size{"n_embd", h.Dim}, size{"n_layer", h.Layers}, size{"n_head", h.Heads}, size{"n_positions", h.Context}); err != nil {
		return lm.Config{}, err
	}
	const other = "perk runs models of plain GPT-2 layers; use another one"
	switch {
	case h.Act != "gelu_new" && h.Act != "gelu_pytorch_tanh": // two names of one function
		return lm.Config{}, unsupported("activation_function", h.Act, other)
	case !or(h.Scaled, true):
		return lm.Config{}, unsupported("scale_attn_weights", false, other)
	case h.ByLayer:
		return lm.Config{}, unsupported("scale_attn_by_inverse_layer_idx", true, other)
	case h.CrossAttn:
		return lm.Config{}, unsupported("add_cross_attention", true, other)
	}
	return lm.Config{Arch: lm.ArchGPT2, Vocab: h.Vocab, Dim: h.Dim, Layers: h.Layers, Heads: h.Heads, KVHeads: h.Heads, FF: or(h.FF, 4*h.Dim), Context: h.Context,
		NormEps: or(h.Eps, 1e-5), TieEmbeddings: or(h.Tied, true)}, nil
}
