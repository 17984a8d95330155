package lora

import (
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// The file's metadata says which form it has; docs/adapter-format.md describes them.
const (
	formatKey = "perk.format"
	exact     = "lora-delta-1" // float32
	packed    = "lora-delta-2" // 8, 4, 2 or 1 bits, never entropy-coded; read, no longer written
	coded     = "lora-delta-3" // 1 to 8 bits

	otherRecipe = "the adapter was written with another recipe; encode the document again"
)

// MarshalBinary stores the tensors that train as a safetensors file; a is usually what Delta gave. Equal adapters
// give equal bytes. Pack makes smaller files. Errors: EInvalid (a missing tensor, an element that is not finite).
func (a *Adapter) MarshalBinary() ([]byte, error) {
	trained, err := a.storable()
	if err != nil {
		return nil, err
	}
	return safetensors.Marshal(map[string]string{formatKey: exact}, trained)
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
// of like. The file says which. Memory is bounded by the file and like. Errors: ECorrupt (damaged bytes, an element that is not finite),
// EInvalid (tensors of another adapter).
func Unmarshal(b []byte, like *Adapter) (*Adapter, error) {
	f, err := safetensors.Read(b)
	if err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	read, each := readExact, 1 // reader of one tensor, and how many of the file's it takes
	switch got := f.Metadata[formatKey]; got {
	case exact:
	case packed, coded:
		p, err := readPacking(f, got == coded)
		if err != nil {
			return nil, err
		}
		read, each = p.read, 2
	default:
		return nil, perk.Errorf(perk.EInvalid, op, "format is %q, want %q, %q or %q", got, exact, packed, coded).
			WithHint("use the perk release that wrote the adapter, or a newer one")
	}
	out := like.Zeros()
	trained := out.Trained()
	for _, t := range trained {
		if err := read(f, t); err != nil {
			return nil, err
		}
	}
	if len(f.Tensors) != each*len(trained) {
		return nil, perk.Errorf(perk.EInvalid, op, "file holds %d tensors, want %d", len(f.Tensors), each*len(trained)).WithHint(otherRecipe)
	}
	return out, nil
}

// readExact copies the file's tensor of t's name to t.
func readExact(f *safetensors.File, t safetensors.Tensor) error {
	got, ok := f.Tensor(t.Name)
	if !ok {
		return missing(t)
	}
	if !slices.Equal(got.Shape, t.Shape) || len(got.Data) != len(t.Data) {
		return perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want %v of float32", t.Name, got.Shape, t.Shape).WithHint(otherRecipe)
	}
	copy(t.Data, got.Data)
	return finite(got, perk.ECorrupt)
}

func missing(t safetensors.Tensor) error {
	return perk.Errorf(perk.EInvalid, op, "tensor %q is missing", t.Name).WithHint(otherRecipe)
}
