package lm

// arch is what one architecture adds to the shared decoder.
type arch interface {
	has(mod int) bool    // the layers have this linear module
	biased(mod int) bool // the module adds a bias
	gains() bool         // normalisations have gains
	centred() bool       // normalisations subtract the mean first
	// extras lists tensors of a layer besides its linear modules, before them in the table; final those after all layers.
	extras(c Config) []spec
	final(c Config) []spec
	// mix turns rows of normalised residuals n into the input c of attention; row t of n has t rows of its sequence
	// before it.
	mix(l *layer, c, n []float32, dim, from, to int)
	// mixGrad turns the gradient dc of rows 0..rows-1 of a sequence into that of n, in place.
	mixGrad(l *layer, dc []float32, dim, rows int)
	// act computes the MLP's hidden activations a from the pre-activations u (up) and g (gate, nil without one).
	act(a, u, g []float32)
	// actGrad turns the gradient da into du, in place, and into dg, from what act saw. dg is scratch without a gate.
	actGrad(da, dg, u, g []float32)
}

// archOf gives nil for an unknown name.
func archOf(name string) arch {
	switch name {
	case ArchNano:
		return nano{}
	case ArchLlama:
		return llama{}
	case ArchQwen2:
		return qwen2{}
	case ArchGPT2:
		return gpt2{}
	}
	return nil
}
