package ggufmodel

import (
	"fmt"
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/lm"
)

const op = "ggufmodel.Open"

// unsupported tells that a file asks for something that perk does not compute.
func unsupported(key string, value any) error {
	return perk.Errorf(perk.EInvalid, op, "%s: perk does not run %v", key, value).WithHint("use a model of the architecture llama, qwen2 or gpt2 without extensions")
}

// fields reads metadata of one architecture and keeps the first error.
type fields struct {
	m    gguf.Metadata
	arch string
	err  error
}

func (f *fields) key(name string) string { return f.arch + "." + name }

// int gives a size that must be there.
func (f *fields) int(name string) int {
	n, ok := f.m.Int(f.key(name))
	if f.err == nil && (!ok || n < 1 || n > math.MaxInt32) {
		f.err = perk.Errorf(perk.EInvalid, op, "%s is %v, want a number from 1 on", f.key(name), f.m[f.key(name)]).WithHint("the metadata is missing or wrong; convert the model again")
	}
	return int(n)
}

// or gives a number that may be absent.
func (f *fields) or(name string, absent float64) float64 {
	if _, there := f.m[f.key(name)]; !there {
		return absent
	}
	x, ok := f.m.Float(f.key(name))
	if f.err == nil && !ok {
		f.err = perk.Errorf(perk.EInvalid, op, "%s is %v, want a float", f.key(name), f.m[f.key(name)])
	}
	return decimal(x)
}

// decimal gives the shortest decimal fraction that rounds to a float32: single precision is what files have of numbers that were written so.
func decimal(x float64) float64 {
	var out float64
	fmt.Sscan(fmt.Sprint(float32(x)), &out) // printed by Go, hence readable
	return out
}

// config maps the metadata of a file to lm's configuration.
func config(r *gguf.Reader) (lm.Config, error) {
	arch, _ := r.Metadata.String("general.architecture")
	if arch != lm.ArchLlama && arch != lm.ArchQwen2 && arch != lm.ArchGPT2 {
		return lm.Config{}, unsupported("general.architecture", fmt.Sprintf("%q", arch))
	}
	f := &fields{m: r.Metadata, arch: arch}
	c := lm.Config{Arch: arch, Layers: f.int("block_count"), Context: f.int("context_length"), Dim: f.int("embedding_length"), FF: f.int("feed_forward_length"), Heads: f.int("attention.head_count")}
	c.KVHeads = c.Heads
	if _, there := f.m[f.key("attention.head_count_kv")]; there {
		c.KVHeads = f.int("attention.head_count_kv")
	}
	embed, ok := r.Entry(embedName)
	if !ok || len(embed.Shape) != 2 {
		return c, perk.Errorf(perk.EInvalid, op, "the file has no tensor %q of two dimensions", embedName)
	}
	c.Vocab = embed.Shape[0]
	_, hasHead := r.Entry(headName)
	c.TieEmbeddings = !hasHead
	if arch == lm.ArchGPT2 {
		c.NormEps = f.or("attention.layer_norm_epsilon", 1e-5)
		if f.err != nil {
			return c, f.err
		}
		return c, c.Validate()
	}
	c.NormEps, c.RopeTheta, c.RopeHalf = f.or("attention.layer_norm_rms_epsilon", 1e-6), f.or("rope.freq_base", 10000), true
	if f.err != nil {
		return c, f.err
	}
	if err := c.Validate(); err != nil {
		return c, err
	}
	head := int64(c.Dim / c.Heads)
	for _, name := range []string{"rope.dimension_count", "attention.key_length", "attention.value_length"} {
		if n, there := f.m.Int(f.key(name)); there && n != head {
			return c, unsupported(f.key(name), fmt.Sprintf("%d where a head is %d wide", n, head))
		}
	}
	if kind, there := f.m.String(f.key("rope.scaling.type")); there && kind != "none" {
		return c, unsupported(f.key("rope.scaling.type"), kind)
	}
	scaling, err := scaling(r, c)
	c.RopeScaling = scaling
	return c, err
}

// scaling tells the stretching of Llama 3 from the divisors of the frequencies that the file has in its place: all published models have the same limits, and
// only their factor differs.
func scaling(r *gguf.Reader, c lm.Config) (lm.Scaling, error) {
	e, there := r.Entry(ropeName)
	if !there {
		return lm.Scaling{}, nil
	}
	if len(e.Shape) != 1 || e.Shape[0] != c.Dim/c.Heads/2 {
		return lm.Scaling{}, perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want [%d]", ropeName, e.Shape, c.Dim/c.Heads/2)
	}
	divisors, err := r.Floats(e)
	if err != nil {
		return lm.Scaling{}, err
	}
	s := lm.Scaling{Factor: float64(divisors[len(divisors)-1]), LowFreq: 1, HighFreq: 4, OriginalContext: 8192}
	for i, d := range divisors {
		freq := math.Pow(c.RopeTheta, -2*float64(i)/float64(c.Dim/c.Heads))
		if want := freq / s.Stretch(freq); !(math.Abs(float64(d)-want) <= 1e-4*want) {
			return s, unsupported(ropeName, fmt.Sprintf("a divisor of %v for frequency %d, where Llama 3 has %.5g", d, i, want))
		}
	}
	return s, nil
}
