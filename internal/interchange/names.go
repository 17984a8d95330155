package interchange

import (
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

const op = "interchange"

// outgoing holds an adapter to what other programs can apply. Errors: EInvalid.
func outgoing(a *lora.Adapter, c lm.Config) error {
	if err := a.Complete(); err != nil {
		return err
	}
	if len(a.Pairs) == 0 {
		return perk.Errorf(perk.EInvalid, op, "the adapter has no pairs")
	}
	if names := a.Normalised(); len(names) > 0 {
		return perk.Errorf(perk.EInvalid, op, "the adapter normalises A x (norm_a) in %s, which PEFT and llama.cpp cannot express", strings.Join(names, ", ")).
			WithHint("export it as perk's own form `whole`, or train a recipe without norm_a")
	}
	for _, name := range a.Names() {
		if _, ok := hf.Module(c.Arch, name); !ok {
			return perk.Errorf(perk.EInvalid, op, "architecture %q runs in perk only", c.Arch).WithHint("export it as perk's own form `whole`")
		}
	}
	return nil
}

// ggufModule gives llama.cpp's name of lm's linear module, "blk.3.attn_q".
func ggufModule(module string) (string, bool) {
	layer, part, ok := strings.Cut(strings.TrimPrefix(module, "layers."), ".")
	name, known := map[string]string{
		"attn.qkv": "attn_qkv", "attn.q": "attn_q", "attn.k": "attn_k", "attn.v": "attn_v", "attn.o": "attn_output",
		"mlp.gate": "ffn_gate", "mlp.up": "ffn_up", "mlp.down": "ffn_down",
	}[part]
	return "blk." + layer + "." + name, ok && known
}

// rotated tells of a module whose outputs are turned by rotary embeddings.
func rotated(c lm.Config, module string) bool {
	return c.RopeTheta != 0 && (strings.HasSuffix(module, ".attn.q") || strings.HasSuffix(module, ".attn.k"))
}

// reordered gives rows of the given width, whole heads of them, with those that are turned together d/2 apart (half), where they were neighbours, or the
// other way round. The input is not changed.
func reordered(rows []float32, width, head int, half bool) []float32 {
	out := make([]float32, len(rows))
	for apart := range len(rows) / width {
		i := apart % head
		near := apart - i + 2*(i%(head/2)) + i/(head/2)
		to, from := near, apart
		if half {
			to, from = apart, near
		}
		copy(out[to*width:(to+1)*width], rows[from*width:(from+1)*width])
	}
	return out
}
