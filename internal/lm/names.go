package lm

import "fmt"

// Modules of a layer, in the order in which they run.
const (
	modQ = iota
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
	return [modules]string{"attn.q", "attn.k", "attn.v", "attn.o", "mlp.gate", "mlp.up", "mlp.down"}[mod]
}

func layerName(i int, part string) string { return fmt.Sprintf("layers.%d.%s", i, part) }

// widths gives the input and output width of a module.
func widths(c Config, mod int) (in, out int) {
	switch mod {
	case modK, modV:
		return c.Dim, c.kvDim()
	case modGate, modUp:
		return c.Dim, c.FF
	case modDown:
		return c.FF, c.Dim
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
			if mod == modGate && !a.gated() {
				continue
			}
			in, out := widths(c, mod)
			t = append(t, spec{layerName(i, moduleName(mod)), []int{out, in}})
		}
	}
	if a.gains() {
		t = append(t, spec{"norm", []int{c.Dim}})
	}
	if !c.TieEmbeddings {
		t = append(t, spec{"head", []int{c.Vocab, c.Dim}})
	}
	return t
}
