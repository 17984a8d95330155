package hf

import (
	"github.com/perkdb/perk/internal/lm"
)

// llamaFamily is that of Llama and of Qwen2, which has the same fields and names, and biases besides.
func llamaFamily(arch string) family {
	return family{
		config: func(raw []byte) (lm.Config, error) { return llamaConfig(raw, arch) },
		prefix: "model.",
		layers: "layers.",
		parts: map[string]string{
			"embed": "embed_tokens", "norm": "norm",
			"attn.norm": "input_layernorm", "mlp.norm": "post_attention_layernorm",
			"attn.q": "self_attn.q_proj", "attn.k": "self_attn.k_proj", "attn.v": "self_attn.v_proj", "attn.o": "self_attn.o_proj",
			"mlp.gate": "mlp.gate_proj", "mlp.up": "mlp.up_proj", "mlp.down": "mlp.down_proj",
		},
		unused: []string{".rotary_emb.inv_freq"}, // computed from the configuration
	}
}

// rotary is rope_scaling or, since version 5 of Transformers, rope_parameters.
type rotary struct {
	Type     string   `json:"rope_type"`
	OldType  string   `json:"type"`
	Theta    *float64 `json:"rope_theta"`
	Factor   float64  `json:"factor"`
	Low      float64  `json:"low_freq_factor"`
	High     float64  `json:"high_freq_factor"`
	Original int      `json:"original_max_position_embeddings"`
}

func llamaConfig(raw []byte, arch string) (lm.Config, error) {
	var h struct {
		Vocab     int      `json:"vocab_size"`
		Dim       int      `json:"hidden_size"`
		Layers    int      `json:"num_hidden_layers"`
		Heads     int      `json:"num_attention_heads"`
		KVHeads   *int     `json:"num_key_value_heads"`
		HeadDim   *int     `json:"head_dim"`
		FF        int      `json:"intermediate_size"`
		Context   int      `json:"max_position_embeddings"`
		Act       string   `json:"hidden_act"`
		Eps       *float64 `json:"rms_norm_eps"`
		Theta     *float64 `json:"rope_theta"`
		Scaling   *rotary  `json:"rope_scaling"`
		Rotary    *rotary  `json:"rope_parameters"`
		Tied      *bool    `json:"tie_word_embeddings"`
		AttnBias  bool     `json:"attention_bias"`
		MLPBias   bool     `json:"mlp_bias"`
		Sliding   bool     `json:"use_sliding_window"`
		RotaryPct *float64 `json:"partial_rotary_factor"`
	}
	if err := decode(raw, &h); err != nil {
		return lm.Config{}, err
	}
	if err := present(size{"vocab_size", h.Vocab}, size{"hidden_size", h.Dim}, size{"num_hidden_layers", h.Layers}, size{"num_attention_heads", h.Heads},
		size{"intermediate_size", h.FF}, size{"max_position_embeddings", h.Context}); err != nil {
		return lm.Config{}, err
	}
	const other = "perk runs models of plain Llama or Qwen2 layers; use another one"
	switch {
	case h.Act != "silu":
		return lm.Config{}, unsupported("hidden_act", h.Act, other)
	case or(h.HeadDim, h.Dim/h.Heads) != h.Dim/h.Heads:
		return lm.Config{}, unsupported("head_dim", *h.HeadDim, "perk wants hidden_size / num_attention_heads; use another model")
	case h.AttnBias:
		return lm.Config{}, unsupported("attention_bias", true, other)
	case h.MLPBias:
		return lm.Config{}, unsupported("mlp_bias", true, other)
	case h.Sliding:
		return lm.Config{}, unsupported("use_sliding_window", true, "set it to false where documents and questions are shorter than the window")
	case or(h.RotaryPct, 1) != 1:
		return lm.Config{}, unsupported("partial_rotary_factor", *h.RotaryPct, other)
	}
	c := lm.Config{Arch: arch, Vocab: h.Vocab, Dim: h.Dim, Layers: h.Layers, Heads: h.Heads, KVHeads: or(h.KVHeads, h.Heads), FF: h.FF, Context: h.Context,
		RopeTheta: or(h.Theta, 10000), RopeHalf: true, NormEps: or(h.Eps, 1e-6), TieEmbeddings: or(h.Tied, false)}
	for _, r := range []*rotary{h.Scaling, h.Rotary} {
		if r == nil {
			continue
		}
		c.RopeTheta = or(r.Theta, c.RopeTheta)
		kind := r.Type
		if kind == "" {
			kind = r.OldType
		}
		switch kind {
		case "", "default":
		case "llama3":
			c.RopeScaling = lm.Scaling{Factor: r.Factor, LowFreq: r.Low, HighFreq: r.High, OriginalContext: r.Original}
			if c.RopeScaling == (lm.Scaling{}) {
				return c, unsupported("rope_scaling", "llama3 without its factors", "fetch the file again")
			}
		default:
			return c, unsupported("rope_scaling", kind, "set rope_scaling to null to run the model with the window of its pretraining")
		}
	}
	return c, nil
}
