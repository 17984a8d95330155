package lm

import "fmt"

// Modules of a layer, in the order in which they run.
const (
	modQKV = iota // queries, keys and values in one, instead of the three
	modQ
	modK
	modV
	modO
	modGate
	modUp
	modDown
	modules
)

// moduleName is a module's name inside a layer.
func moduleName(mod int) string {
	return [modules]string{"attn.qkv", "attn.q", "attn.k", "attn.v", "attn.o", "mlp.gate", "mlp.up", "mlp.down"}[mod]
}

// biasSuffix follows the name of a module or normalisation in that of its bias.
const biasSuffix = ".bias"

func layerName(i int, part string) string { return fmt.Sprintf("layers.%d.%s", i, part) }

// widths gives the input and output width of a layer's module.
func widths(c Config, layer, mod int) (in, out int) {
	switch mod {
	case modQKV:
		return c.Dim, c.Dim + 2*c.kvDim()
	case modK, modV:
		return c.Dim, c.kvDim()
	case modGate, modUp:
		return c.Dim, c.ff(layer)
	case modDown:
		return c.ff(layer), c.Dim
	}
	return c.Dim, c.Dim
}

// tensorTable lists every tensor of a configuration: names, shapes and order are part of the file format and digest.
func tensorTable(c Config, a arch) []spec {
	t := []spec{{"embed", []int{c.Vocab, c.Dim}}}
	for i := range c.Layers {
		for _, s := range a.extras(c) {
			t = append(t, spec{layerName(i, s.name), s.shape})
		}
		for mod := range modules {
			if !a.has(mod) {
				continue
			}
			in, out := widths(c, i, mod)
			t = append(t, spec{layerName(i, moduleName(mod)), []int{out, in}})
			if a.biased(mod) {
				t = append(t, spec{layerName(i, moduleName(mod)) + biasSuffix, []int{out}})
			}
		}
	}
	t = append(t, a.final(c)...)
	if !c.TieEmbeddings {
		t = append(t, spec{"head", []int{c.Vocab, c.Dim}})
	}
	return t
}
