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
	Context       int     `json:"context"`                  // longest sequence, in tokens
	Conv          int     `json:"conv,omitempty"`           // nano: width of the token-shift kernel
	RopeTheta     float64 `json:"rope_theta"`               // base of the rotary angles
	RopeHalf      bool    `json:"rope_half,omitempty"`      // rotate (i, i+headdim/2) instead of (2i, 2i+1)
	NormEps       float64 `json:"norm_eps"`                 // under the root of every normalisation
	LogitScale    float64 `json:"logit_scale,omitempty"`    // nano: factor on the logits
	TieEmbeddings bool    `json:"tie_embeddings,omitempty"` // the head is the embedding
}

// headDim is the width of one attention head.
func (c Config) headDim() int { return c.Dim / c.Heads }

// kvDim is the width of all keys, or values, of one token.
func (c Config) kvDim() int { return c.KVHeads * c.headDim() }

// maxSize bounds every size, so that products of two of them cannot overflow.
const maxSize = 1 << 24

// maxRotary bounds the rotary tables, the only memory that a small file could claim without bringing the weights for it.
const maxRotary = 1 << 24

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
		{"kv_heads", c.KVHeads, maxSize}, {"ff", c.FF, maxSize}, {"context", c.Context, maxSize}} {
		if f.value < 1 || f.value > f.limit {
			return bad("%s is %d, want 1 to %d", f.name, f.value, f.limit)
		}
	}
	finite := func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
	switch {
	case c.Dim%c.Heads != 0 || c.headDim()%2 != 0:
		return bad("dim %d does not split into %d heads of even width", c.Dim, c.Heads)
	case c.Heads%c.KVHeads != 0:
		return bad("%d heads do not share %d key-value heads evenly", c.Heads, c.KVHeads)
	case c.Context > maxRotary/c.headDim():
		return bad("context %d times head width %d is more than %d", c.Context, c.headDim(), maxRotary)
	case !finite(c.RopeTheta) || !finite(c.NormEps):
		return bad("rope_theta %v and norm_eps %v must be positive", c.RopeTheta, c.NormEps)
	}
	switch c.Arch {
	case ArchNano:
		switch {
		case c.Conv < 1 || c.Conv > 64:
			return bad("conv is %d, want 1 to 64", c.Conv)
		case !finite(c.LogitScale):
			return bad("logit_scale %v must be positive", c.LogitScale)
		case c.KVHeads != c.Heads || !c.TieEmbeddings:
			return bad("nano has as many key-value heads as heads, and tied embeddings")
		}
	case ArchLlama:
		if c.Conv != 0 || c.LogitScale != 0 {
			return bad("llama has neither conv nor logit_scale")
		}
	default:
		return bad("arch is %q, want %q or %q", c.Arch, ArchNano, ArchLlama)
	}
	return nil
}
