package lm

// arch is what one architecture adds to the shared decoder.
type arch interface {
	gains() bool            // normalisations have gains
	gated() bool            // the MLP has a gate
	extras(c Config) []spec // tensors of a layer besides its linear modules, before them in the table
	// mix turns rows of normalised residuals n into the input c of attention; row t of n has t rows of its sequence
	// before it.
	mix(l *layer, c, n []float32, dim, from, to int)
	// mixGrad turns the gradient dc of rows 0..rows-1 of a sequence into that of n, in place.
	mixGrad(l *layer, dc []float32, dim, rows int)
	// act computes the MLP's hidden activations a from the pre-activations u (up) and g (gate, nil without one).
	act(a, u, g []float32)
	// actGrad turns the gradient da into du, in place, and into dg, from what act saw.
	actGrad(da, dg, u, g []float32)
}

func archOf(name string) arch {
	if name == ArchNano {
		return nano{}
	}
	return llama{}
}
