package lm

import (
	"math"

	"github.com/perkdb/perk"
)

const op = "lm"

// Names of architectures.
const (
	ArchNano  = "nano"
	ArchLlama = "llama"
	ArchQwen2 = "qwen2"
	ArchGPT2  = "gpt2"
)

// Config is the shape of a model. Its JSON form is part of the model's file and digest.
type Config struct {
	Arch          string  `json:"arch"`
	Vocab         int     `json:"vocab"`
	Dim           int     `json:"dim"`
	Layers        int     `json:"layers"`
	Heads         int     `json:"heads"`
	KVHeads       int     `json:"kv_heads"`
	FF            int     `json:"ff"`
	TopFF         int     `json:"top_ff,omitempty"`         // nano: width of the last layer's MLP; 0: FF
	Context       int     `json:"context"`                  // longest sequence, in tokens
	Conv          int     `json:"conv,omitempty"`           // nano: width of the token-shift kernel
	RopeTheta     float64 `json:"rope_theta"`               // base of the rotary angles; gpt2: 0
	RopeHalf      bool    `json:"rope_half,omitempty"`      // rotate (i, i+headdim/2) instead of (2i, 2i+1)
	RopeScaling   Scaling `json:"rope_scaling,omitzero"`    // llama, qwen2: none when zero
	NormEps       float64 `json:"norm_eps"`                 // under the root of every normalisation
	LogitScale    float64 `json:"logit_scale,omitempty"`    // nano: factor on the logits
	TieEmbeddings bool    `json:"tie_embeddings,omitempty"` // the head is the embedding
}

// Scaling stretches the rotary angles of Llama 3.1 and later to a window longer than that of pretraining: frequencies whose wavelength is over
// OriginalContext/LowFreq tokens are divided by Factor, those under OriginalContext/HighFreq stay, and those between are interpolated.
type Scaling struct {
	Factor          float64 `json:"factor"`
	LowFreq         float64 `json:"low_freq_factor"`
	HighFreq        float64 `json:"high_freq_factor"`
	OriginalContext int     `json:"original_context"` // tokens
}

func (s Scaling) validate() error {
	switch {
	case s == Scaling{}:
		return nil
	case !positive(s.Factor) || !positive(s.LowFreq) || !positive(s.HighFreq) || s.LowFreq >= s.HighFreq:
		return perk.Errorf(perk.EInvalid, op, "model configuration: rope_scaling factors %v, %v, %v must be positive and the low one below the high", s.Factor, s.LowFreq, s.HighFreq)
	case s.OriginalContext < 1 || s.OriginalContext > maxSize:
		return perk.Errorf(perk.EInvalid, op, "model configuration: rope_scaling original_context is %d, want 1 to %d", s.OriginalContext, maxSize)
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

// ff is the width of a layer's MLP.
func (c Config) ff(layer int) int {
	if c.TopFF != 0 && layer == c.Layers-1 {
		return c.TopFF
	}
	return c.FF
}

// widestFF is the width of the widest MLP.
func (c Config) widestFF() int { return max(c.FF, c.TopFF) }

// headDim is the width of one attention head.
func (c Config) headDim() int { return c.Dim / c.Heads }

// kvDim is the width of all keys, or values, of one token.
func (c Config) kvDim() int { return c.KVHeads * c.headDim() }

// maxSize bounds every size, so that products of two of them cannot overflow.
const maxSize = 1 << 24

// Validate reports an EInvalid error that names the first wrong field.
func (c Config) Validate() error {
	bad := func(format string, args ...any) error {
		return perk.Errorf(perk.EInvalid, op, "model configuration: "+format, args...)
	}
	for _, f := range []struct {
		name  string
		value int
		limit int
	}{{"vocab", c.Vocab, maxSize}, {"dim", c.Dim, maxSize}, {"layers", c.Layers, 1 << 10}, {"heads", c.Heads, maxSize},
		{"kv_heads", c.KVHeads, maxSize}, {"ff", c.FF, maxSize}, {"top_ff", c.ff(c.Layers - 1), maxSize}, {"context", c.Context, maxSize}} {
		if f.value < 1 || f.value > f.limit {
			return bad("%s is %d, want 1 to %d", f.name, f.value, f.limit)
		}
	}
	rotary := c.Arch != ArchGPT2
	switch {
	case archOf(c.Arch) == nil:
		return bad("arch is %q, want %q, %q, %q or %q", c.Arch, ArchNano, ArchLlama, ArchQwen2, ArchGPT2)
	case c.Dim%c.Heads != 0 || c.headDim()%2 != 0:
		return bad("dim %d does not split into %d heads of even width", c.Dim, c.Heads)
	case c.Heads%c.KVHeads != 0:
		return bad("%d heads do not share %d key-value heads evenly", c.Heads, c.KVHeads)
	case rotary && !positive(c.RopeTheta) || !positive(c.NormEps):
		return bad("rope_theta %v and norm_eps %v must be positive", c.RopeTheta, c.NormEps)
	case !rotary && (c.RopeTheta != 0 || c.RopeHalf || c.RopeScaling != Scaling{}):
		return bad("%s has learned positions and no rope fields", c.Arch)
	case c.Arch != ArchNano:
		if c.Conv != 0 || c.LogitScale != 0 || c.TopFF != 0 {
			return bad("%s has neither conv nor logit_scale nor top_ff", c.Arch)
		}
		if c.Arch == ArchGPT2 && c.KVHeads != c.Heads {
			return bad("gpt2 has as many key-value heads as heads")
		}
		return c.RopeScaling.validate()
	case c.Conv < 1 || c.Conv > 64:
		return bad("conv is %d, want 1 to 64", c.Conv)
	case !positive(c.LogitScale):
		return bad("logit_scale %v must be positive", c.LogitScale)
	case c.KVHeads != c.Heads || !c.TieEmbeddings || c.RopeScaling != Scaling{}:
		return bad("nano has as many key-value heads as heads, tied embeddings, and no rope_scaling")
	}
	return nil
}
