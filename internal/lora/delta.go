package lora

import (
	"fmt"
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// Delta gives a - init over the tensors that train, in a holder as Zeros makes it. Errors: EInvalid where the two
// adapters differ in names, shapes or flags.
func (a *Adapter) Delta(init *Adapter) (*Adapter, error) {
	if err := a.Matches(init); err != nil {
		return nil, err
	}
	d := a.Zeros()
	from, base := a.Trained(), init.Trained()
	for i, t := range d.Trained() {
		for j := range t.Data {
			t.Data[j] = from[i].Data[j] - base[i].Data[j]
		}
	}
	return d, nil
}

// AddDelta adds a difference to the tensors that train. Errors: EInvalid where names, shapes or flags differ; then a
// is unchanged.
func (a *Adapter) AddDelta(d *Adapter) error {
	if err := a.Matches(d); err != nil {
		return err
	}
	delta := d.Trained()
	for i, t := range a.Trained() {
		for j, v := range delta[i].Data {
			t.Data[j] += v
		}
	}
	return nil
}

// Matches reports an EInvalid error unless both adapters have the same modules, sizes, flags and scale, and both hold
// every tensor that trains.
func (a *Adapter) Matches(b *Adapter) error {
	for _, x := range []*Adapter{a, b} {
		if err := x.Validate(true); err != nil {
			return err
		}
	}
	if a.Scale != b.Scale {
		return perk.Errorf(perk.EInvalid, op, "scales differ: %v and %v", a.Scale, b.Scale)
	}
	for _, name := range a.Names() {
		p, q := a.Pairs[name], b.Pairs[name]
		if q == nil {
			return perk.Errorf(perk.EInvalid, op, "module %q is adapted in one adapter only", name)
		}
		if p.In != q.In || p.Out != q.Out || p.Rank != q.Rank || p.NormA != q.NormA || p.TrainA != q.TrainA || p.TrainB != q.TrainB {
			return perk.Errorf(perk.EInvalid, op, "module %q differs: %s against %s", name, p.describe(), q.describe())
		}
	}
	for _, name := range b.Names() {
		if a.Pairs[name] == nil {
			return perk.Errorf(perk.EInvalid, op, "module %q is adapted in one adapter only", name)
		}
	}
	return nil
}

func (p *Pair) describe() string {
	return fmt.Sprintf("in %d, out %d, rank %d, norm %t, trains A %t, B %t", p.In, p.Out, p.Rank, p.NormA, p.TrainA, p.TrainB)
}

// formatKey and format mark a stored adapter in the file's metadata.
const (
	formatKey = "perk.format"
	format    = "lora-delta-1"

	otherRecipe = "the adapter was written with another recipe; encode the document again"
)

// MarshalBinary stores the tensors that train as a safetensors file; a is usually what Delta gave. Equal adapters
// give equal bytes. Pack makes smaller files. Errors: EInvalid (a missing tensor, an element that is not finite).
func (a *Adapter) MarshalBinary() ([]byte, error) {
	trained, err := a.storable()
	if err != nil {
		return nil, err
	}
	return safetensors.Marshal(map[string]string{formatKey: format}, trained)
}

// storable gives Trained where every tensor is there and finite. Errors: EInvalid.
func (a *Adapter) storable() ([]safetensors.Tensor, error) {
	if err := a.Validate(true); err != nil {
		return nil, err
	}
	trained := a.Trained()
	for _, t := range trained {
		if err := finite(t, perk.EInvalid); err != nil {
			return nil, err
		}
	}
	return trained, nil
}

// finite reports an error of the given code where the tensor holds NaN or an infinity.
func finite(t safetensors.Tensor, c perk.Code) error {
	for i, v := range t.Data {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return perk.Errorf(c, op, "element %d of tensor %q is %v", i, t.Name, v)
		}
	}
	return nil
}

// Unmarshal reads what MarshalBinary wrote, bit for bit, or what Pack did, rounded to its levels, into a holder with the pairs and flags
// of like. The file says which. Errors: ECorrupt (damaged bytes, an element that is not finite), EInvalid (tensors of another adapter).
func Unmarshal(b []byte, like *Adapter) (*Adapter, error) {
	f, err := safetensors.Read(b)
	if err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	switch got := f.Metadata[formatKey]; got {
	case format:
	case packed:
		if f, err = unpack(f); err != nil {
			return nil, err
		}
	default:
		return nil, perk.Errorf(perk.EInvalid, op, "format is %q, want %q or %q", got, format, packed)
	}
	out := like.Zeros()
	trained := out.Trained()
	for _, t := range trained {
		got, ok := f.Tensor(t.Name)
		if !ok {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q is missing", t.Name).WithHint(otherRecipe)
		}
		if !slices.Equal(got.Shape, t.Shape) || len(got.Data) != len(t.Data) {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want %v of float32", t.Name, got.Shape, t.Shape).WithHint(otherRecipe)
		}
		if err := finite(got, perk.ECorrupt); err != nil {
			return nil, err
		}
		copy(t.Data, got.Data)
	}
	if len(f.Tensors) != len(trained) {
		return nil, perk.Errorf(perk.EInvalid, op, "file holds %d tensors, want %d", len(f.Tensors), len(trained)).WithHint(otherRecipe)
	}
	return out, nil
}
