package hf

import "strings"

// Module gives the path of lm's linear module ("layers.3.attn.q") in Transformers' causal language model ("model.layers.3.self_attn.q_proj"). ok is false for an
// architecture that Transformers does not have.
func Module(arch, module string) (path string, ok bool) {
	f, ok := familyOf(arch) // the names of model_type and of lm's architectures are the same
	if !ok {
		return "", false
	}
	name, _ := f.name(module, f.prefix, 2)
	return strings.TrimSuffix(name, ".weight"), true
}
