package interchange

import (
	"bytes"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// ParsePEFT reads an adapter that PEFT saved, or MarshalPEFT wrote, for a base model of configuration c with the given linear modules. weights and config are
// the contents of PEFTWeights and PEFTConfig. Both tensors of every pair train. Modules whose factor is not that of the first one have it in B. Errors: ECorrupt (damaged
// weights), EInvalid (a configuration that asks for more than LoRA pairs; tensors that the base model has no module for, or of another size).
func ParsePEFT(c lm.Config, linears []lm.Linear, config, weights []byte) (*lora.Adapter, error) {
	settings, err := parsePEFTConfig(config)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.Open(bytes.NewReader(weights), int64(len(weights)))
	if err != nil {
		return nil, err
	}
	entries := make(map[string]safetensors.Entry, len(file.Entries))
	for _, e := range file.Entries {
		entries[e.Name] = e
	}
	a := &lora.Adapter{Pairs: map[string]*lora.Pair{}}
	for _, l := range linears {
		path, ok := hf.Module(c.Arch, l.Name)
		if !ok {
			return nil, perk.Errorf(perk.EInvalid, op, "architecture %q runs in perk only", c.Arch)
		}
		p, err := peftPair(file, entries, path, l)
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		if rotated(c, l.Name) && !c.RopeHalf {
			p.B = reordered(p.B, p.Rank, c.Dim/c.Heads, false)
		}
		factor, err := settings.factor(path, p.Rank)
		if err != nil {
			return nil, err
		}
		if a.Scale == 0 {
			a.Scale = float32(factor)
		}
		if s := float32(factor); s != a.Scale {
			kernel.Scale(p.B, s/a.Scale, p.B)
		}
		a.Pairs[l.Name] = p
	}
	for name := range entries {
		return nil, perk.Errorf(perk.EInvalid, op, "the base model has no module for the adapter's tensor %.200q", name).WithHint("the adapter belongs to another base model, or adapts more than linear layers")
	}
	if len(a.Pairs) == 0 {
		return nil, perk.Errorf(perk.EInvalid, op, "the file has no adapter tensors")
	}
	return a, a.Complete()
}

// peftPair reads the two tensors of a module and takes them out of entries; nil where there are none.
func peftPair(file *safetensors.Reader, entries map[string]safetensors.Entry, path string, l lm.Linear) (*lora.Pair, error) {
	prefix := peftPrefix
	if _, ok := entries[prefix+path+suffixA]; !ok { // a model saved without its head has paths without their first part
		_, inner, _ := strings.Cut(path, ".")
		if _, ok := entries[prefix+inner+suffixA]; ok {
			path = inner
		}
	}
	nameA, nameB := prefix+path+suffixA, prefix+path+suffixB
	ea, hasA := entries[nameA]
	eb, hasB := entries[nameB]
	if !hasA && !hasB {
		return nil, nil
	}
	delete(entries, nameA)
	delete(entries, nameB)
	if !hasA || !hasB || len(ea.Shape) != 2 || ea.Shape[0] < 1 || !slices.Equal(ea.Shape, []int{ea.Shape[0], l.In}) || !slices.Equal(eb.Shape, []int{l.Out, ea.Shape[0]}) {
		return nil, perk.Errorf(perk.EInvalid, op, "%s has shapes %v and %v, want (rank, %d) and (%d, rank)", path, ea.Shape, eb.Shape, l.In, l.Out).WithHint("the adapter belongs to another base model")
	}
	p := &lora.Pair{In: l.In, Out: l.Out, Rank: ea.Shape[0], TrainA: true, TrainB: true}
	var err error
	if p.A, err = file.Floats(ea); err == nil {
		p.B, err = file.Floats(eb)
	}
	return p, err
}
