package lm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// Model is a frozen base model: a configuration and its weights.
type Model struct {
	cfg    Config
	arch   arch
	id     perk.Hash
	table  []spec
	data   map[string][]float32
	embed  []float32 // (vocab, dim)
	head   head      // dim -> vocab; shares embed's memory when tied
	pos    []float32 // (context, dim) learned positions; nil: none
	normF  affine    // before the head
	layers []layer
	rope   *rope
}

// layer holds one block's weights.
type layer struct {
	norm1, norm2 affine
	conv         []float32       // (conv, dim), nano
	lin          [modules]linear // by module; those that the architecture lacks have no weights
}

// Linear names one adaptable linear layer and its widths.
type Linear struct {
	Name    string // "layers.3.mlp.down"
	In, Out int
}

// spec is one line of an architecture's tensor table.
type spec struct {
	name  string
	shape []int
}

func (s spec) size() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// New checks tensors against the configuration and makes a model of them. The slices are kept. Errors: EInvalid (a wrong
// configuration, a missing, superfluous or misshapen tensor, a weight that is not finite).
func New(cfg Config, tensors map[string][]float32) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m := &Model{cfg: cfg, arch: archOf(cfg.Arch), data: tensors}
	m.table = tensorTable(cfg, m.arch)
	for _, s := range m.table {
		t, ok := tensors[s.name]
		if !ok {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q is missing", s.name)
		}
		if len(t) != s.size() {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has %d elements, want shape %v", s.name, len(t), s.shape)
		}
		for i, v := range t {
			if v-v != 0 { // NaN or infinite
				return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has the value %v at element %d", s.name, v, i).WithHint("the weights are damaged or training diverged")
			}
		}
	}
	if len(tensors) != len(m.table) {
		return nil, perk.Errorf(perk.EInvalid, op, "%d tensors given, the configuration has %d", len(tensors), len(m.table))
	}
	m.bind()
	id, err := m.digest()
	m.id = id
	return m, err
}

// bind points the model's fields into the tensors.
func (m *Model) bind() {
	c := m.cfg
	m.embed = m.data["embed"]
	m.head = newHead(c.Dim, c.Vocab, m.embed)
	if !c.TieEmbeddings {
		m.head = newHead(c.Dim, c.Vocab, m.data["head"])
	}
	m.pos = m.data["positions"]
	m.normF = m.affine("norm")
	m.layers = make([]layer, c.Layers)
	for i := range m.layers {
		l := &m.layers[i]
		l.norm1 = m.affine(layerName(i, "attn.norm"))
		l.norm2 = m.affine(layerName(i, "mlp.norm"))
		l.conv = m.data[layerName(i, "attn.conv")]
		for mod := range l.lin {
			if m.arch.has(mod) {
				in, out := widths(c, i, mod)
				name := layerName(i, moduleName(mod))
				l.lin[mod] = newLinear(name, in, out, m.data[name], m.data[name+biasSuffix])
			}
		}
	}
	m.rope = newRope(c)
}

func (m *Model) affine(name string) affine {
	return affine{gain: m.data[name], bias: m.data[name+biasSuffix]}
}

// BFloat16 gives a view of the model whose passes multiply by its matrices in bfloat16, activations rounded too, with sums in float32: about twice
// as fast where the CPU has such products. Norms, attention and what trains stay in float32. The bfloat16 matrices are made when they are first needed, and shared with
// other views and with Weights; the view does not hold on to the others, so that where the model itself is let go they cost no memory. Tensors has no Data
// therefore; ID is that of the model.
func (m *Model) BFloat16() *Model {
	v := m.bare()
	for i := range v.layers {
		for mod := range v.layers[i].lin {
			v.layers[i].lin[mod].fwd, v.layers[i].lin[mod].bwd = m.layers[i].lin[mod].fwd, m.layers[i].lin[mod].bwd
		}
	}
	v.head.fwd, v.head.bwd = m.head.fwd, m.head.bwd
	return v
}

// bare gives the model without its matrices, the embedding apart.
func (m *Model) bare() *Model {
	v := *m
	v.data, v.layers = nil, slices.Clone(m.layers)
	for i := range v.layers {
		for mod := range v.layers[i].lin {
			l := &v.layers[i].lin[mod]
			l.w, l.fwd, l.bwd = nil, nil, nil
		}
	}
	v.head = head{linear: linear{name: m.head.name, in: m.head.in, out: m.head.out}}
	return &v
}

// Config returns the model's shape.
func (m *Model) Config() Config { return m.cfg }

// ID is the digest of configuration and weights.
func (m *Model) ID() perk.Hash { return m.id }

// Linears lists the adaptable modules, bottom layer first.
func (m *Model) Linears() []Linear {
	var out []Linear
	for i := range m.layers {
		for mod := range m.layers[i].lin {
			if l := &m.layers[i].lin[mod]; l.there() {
				out = append(out, Linear{Name: l.name, In: l.in, Out: l.out})
			}
		}
	}
	return out
}

// Tensors lists the weights in the fixed order of the architecture's table. Data is shared with the model.
func (m *Model) Tensors() []safetensors.Tensor {
	out := make([]safetensors.Tensor, len(m.table))
	for i, s := range m.table {
		out[i] = safetensors.Tensor{Name: s.name, Shape: slices.Clone(s.shape), Data: m.data[s.name]}
	}
	return out
}

// Tensors gives the names and shapes that New wants for a configuration; Data is nil. Errors: EInvalid.
func Tensors(cfg Config) ([]safetensors.Tensor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var out []safetensors.Tensor
	for _, s := range tensorTable(cfg, archOf(cfg.Arch)) {
		out = append(out, safetensors.Tensor{Name: s.name, Shape: s.shape})
	}
	return out, nil
}

func (m *Model) digest() (perk.Hash, error) {
	cfg, err := json.Marshal(m.cfg)
	if err != nil {
		return perk.Hash{}, perk.E(perk.EInternal, op, err)
	}
	h := sha256.New()
	h.Write(cfg)
	buf := make([]byte, 0, 4096)
	for _, s := range m.table {
		fmt.Fprintf(h, "\n%s %v\n", s.name, s.shape)
		for block := range slices.Chunk(m.data[s.name], 1024) {
			buf = buf[:0]
			for _, v := range block {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
			h.Write(buf)
		}
	}
	return perk.Hash(h.Sum(nil)), nil
}
