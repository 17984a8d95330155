package interchange

import (
	"io"

	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// WriteGGUF writes a whole adapter of a base model of configuration c as a LoRA file of llama.cpp, in float32. A file has one alpha, and llama.cpp's factor is alpha/rank: modules of
// another rank than the first one have the difference in B. Errors: EInvalid as MarshalPEFT, EInternal (w failed).
func WriteGGUF(w io.Writer, a *lora.Adapter, c lm.Config, base string) error {
	if err := outgoing(a, c); err != nil {
		return err
	}
	names := a.Names()
	first := a.Pairs[names[0]].Rank
	var tensors []gguf.Tensor
	for _, name := range names {
		p := a.Pairs[name]
		module, _ := ggufModule(name) // outgoing knows the same modules
		b := p.B
		// llama.cpp turns neighbours in Llama, and elements that are d/2 apart in Qwen2.
		if near := c.Arch == lm.ArchLlama; rotated(c, name) && near == c.RopeHalf {
			b = reordered(b, p.Rank, c.Dim/c.Heads, !near)
		}
		if p.Rank != first {
			scaled := make([]float32, len(b))
			kernel.Scale(scaled, float32(p.Rank)/float32(first), b)
			b = scaled
		}
		tensors = append(tensors, gguf.Tensor{Name: module + ".weight.lora_a", Type: gguf.F32, Shape: []int{p.Rank, p.In}, Data: p.Down()},
			gguf.Tensor{Name: module + ".weight.lora_b", Type: gguf.F32, Shape: []int{p.Out, p.Rank}, Data: b})
	}
	return gguf.Write(w, gguf.Metadata{
		"general.type": "adapter", "general.architecture": c.Arch, "general.name": "perk adapter of " + base,
		"adapter.type": "lora", "adapter.lora.alpha": a.Scale * float32(first),
	}, tensors)
}
