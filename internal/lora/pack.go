package lora

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// RawBits is the width of the exact form. 0 means the same.
const RawBits = 32

// maxBits is the largest width of the packed form.
const maxBits = 8

// Metadata of the packed form, and what a tensor's scales are named after it.
const (
	bitsKey     = "perk.bits"
	shapesKey   = "perk.shapes"
	codingKey   = "perk.coding"
	scaleSuffix = ".scale"
)

// ValidBits reports whether Pack can store elements of so many bits: 1 to 8, and 32 or 0 for the exact form.
func ValidBits(bits int) bool { return bits == 0 || bits == RawBits || packable(bits) }

func packable(bits int) bool { return bits >= 1 && bits <= maxBits }

// Rounding replaces the elements x (rows, cols) of a tensor by levels: level(r, v) is the one of row r next to v. Who knows how the matrix is read can choose others than those next to the
// elements, so that their errors make good for each other.
type Rounding func(x []float32, level func(row int, v float64) float64)

// Pack stores the tensors that train with so many bits an element: MarshalBinary's exact form for 32 and 0, else quantised with one scale a
// row, and entropy-coded where that is shorter. round may be nil: each element takes the level next to it. Equal adapters and roundings give equal bytes. Errors: EInvalid (other bits, a missing
// tensor, an element that is not finite).
func (a *Adapter) Pack(bits int, round Rounding) ([]byte, error) {
	if !ValidBits(bits) {
		return nil, perk.Errorf(perk.EInvalid, op, "adapters have elements of 32 or 1 to %d bits, not %d", maxBits, bits)
	}
	if !packable(bits) {
		return a.MarshalBinary()
	}
	trained, err := a.storable()
	if err != nil {
		return nil, err
	}
	var out []safetensors.Tensor
	p := packing{bits: bits, shapes: map[string][]int{}, coding: map[string]string{}}
	var q quantiser
	for _, t := range trained {
		rows, cols := t.Shape[0], t.Shape[1]
		codes, scales, x := make([]byte, rows*cols), make([]float32, rows), t.Data
		for r := range rows {
			scales[r] = q.bestScale(x[r*cols:(r+1)*cols], bits)
		}
		if round != nil {
			x = slices.Clone(x)
			round(x, func(r int, v float64) float64 { return next(v, scales[r], bits) })
		}
		for r, s := range scales {
			quantise(codes[r*cols:(r+1)*cols], x[r*cols:(r+1)*cols], s, bits)
		}
		p.shapes[t.Name] = t.Shape
		var body []byte
		body, p.coding[t.Name] = shorter(codes, rows, cols, bits)
		out = append(out, safetensors.Tensor{Name: t.Name, Shape: []int{len(body)}, Bytes: body},
			safetensors.Tensor{Name: t.Name + scaleSuffix, Shape: []int{rows}, Data: scales})
	}
	metadata, err := p.metadata()
	if err != nil {
		return nil, err
	}
	return safetensors.Marshal(metadata, out)
}

// packing is the metadata of a packed file.
type packing struct {
	bits   int
	shapes map[string][]int  // by tensor
	coding map[string]string // by tensor; nil in a file from before entropy coding: all raw
}

func (p *packing) metadata() (map[string]string, error) {
	shapes, err := json.Marshal(p.shapes) // sorts the names
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	coding, err := json.Marshal(p.coding)
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	return map[string]string{formatKey: coded, bitsKey: strconv.Itoa(p.bits), shapesKey: string(shapes), codingKey: string(coding)}, nil
}

// readPacking reads a file's metadata. Errors: ECorrupt.
func readPacking(f *safetensors.File, withCoding bool) (*packing, error) {
	p := &packing{}
	var err error
	if p.bits, err = strconv.Atoi(f.Metadata[bitsKey]); err != nil || !packable(p.bits) {
		return nil, perk.Errorf(perk.ECorrupt, op, "%s is %q, want 1 to %d", bitsKey, f.Metadata[bitsKey], maxBits)
	}
	if err := json.Unmarshal([]byte(f.Metadata[shapesKey]), &p.shapes); err != nil {
		return nil, perk.Errorf(perk.ECorrupt, op, "decode %s: %w", shapesKey, err)
	}
	if withCoding {
		if err := json.Unmarshal([]byte(f.Metadata[codingKey]), &p.coding); err != nil {
			return nil, perk.Errorf(perk.ECorrupt, op, "decode %s: %w", codingKey, err)
		}
	}
	if len(f.Tensors) != 2*len(p.shapes) {
		return nil, perk.Errorf(perk.ECorrupt, op, "file holds %d tensors, want codes and scales of %d", len(f.Tensors), len(p.shapes))
	}
	return p, nil
}

// read unpacks the file's tensor of t's name into t, whose shape bounds the memory.
func (p *packing) read(f *safetensors.File, t safetensors.Tensor) error {
	shape, ok := p.shapes[t.Name]
	if !ok {
		return missing(t)
	}
	if !slices.Equal(shape, t.Shape) {
		return perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want %v", t.Name, shape, t.Shape).WithHint(otherRecipe)
	}
	body, ok := f.Tensor(t.Name)
	if !ok {
		return perk.Errorf(perk.ECorrupt, op, "%s names tensor %q, which the file lacks", shapesKey, t.Name)
	}
	rows, cols := shape[0], shape[1]
	scales, _ := f.Tensor(t.Name + scaleSuffix)
	if len(scales.Data) != rows {
		return perk.Errorf(perk.ECorrupt, op, "tensor %q of shape %v has %d scales", t.Name, shape, len(scales.Data))
	}
	coding := codingRaw
	if p.coding != nil {
		coding = p.coding[t.Name]
	}
	codes, err := decode(body.Bytes, coding, rows, cols, p.bits)
	if err != nil {
		return perk.Errorf(perk.ECorrupt, op, "tensor %q of shape %v: %w", t.Name, shape, err)
	}
	for r := range rows {
		if err := dequantise(t.Data[r*cols:(r+1)*cols], codes[r*cols:(r+1)*cols], scales.Data[r], p.bits); err != nil {
			return perk.Errorf(perk.ECorrupt, op, "row %d of tensor %q: %w", r, t.Name, err)
		}
	}
	return nil
}
