package lora

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// RawBits is the width of the exact form. 0 means the same.
const RawBits = 32

// Metadata of the packed form, and what a tensor's scales are named after it. docs/adapter-format.md describes the whole file.
const (
	packed      = "lora-delta-2"
	bitsKey     = "perk.bits"
	shapesKey   = "perk.shapes"
	scaleSuffix = ".scale"
)

// ValidBits reports whether Pack can store elements of so many bits: 1, 2, 4, 8, and 32 or 0 for the exact form.
func ValidBits(bits int) bool { return bits == 0 || bits == RawBits || packable(bits) }

func packable(bits int) bool { return bits == 1 || bits == 2 || bits == 4 || bits == 8 }

// Pack stores the tensors that train with so many bits an element: MarshalBinary's exact form for 32 and 0, else quantised with
// one scale a row. Equal adapters give equal bytes. Errors: EInvalid (other bits, a missing tensor, an element that is not finite).
func (a *Adapter) Pack(bits int) ([]byte, error) {
	if !ValidBits(bits) {
		return nil, perk.Errorf(perk.EInvalid, op, "adapters have elements of 32, 8, 4, 2 or 1 bits, not %d", bits)
	}
	if !packable(bits) {
		return a.MarshalBinary()
	}
	trained, err := a.storable()
	if err != nil {
		return nil, err
	}
	var out []safetensors.Tensor
	shapes := map[string][]int{}
	for _, t := range trained {
		rows, cols := t.Shape[0], t.Shape[1]
		width := rowBytes(cols, bits)
		codes, scales := make([]byte, rows*width), make([]float32, rows)
		for r := range rows {
			scales[r] = packRow(codes[r*width:(r+1)*width], t.Data[r*cols:(r+1)*cols], bits)
		}
		shapes[t.Name] = t.Shape
		out = append(out, safetensors.Tensor{Name: t.Name, Shape: []int{rows, width}, Bytes: codes},
			safetensors.Tensor{Name: t.Name + scaleSuffix, Shape: []int{rows}, Data: scales})
	}
	text, err := json.Marshal(shapes) // sorts the names
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	return safetensors.Marshal(map[string]string{formatKey: packed, bitsKey: strconv.Itoa(bits), shapesKey: string(text)}, out)
}

// unpack turns a packed file into the one that MarshalBinary would have written of the quantised values.
func unpack(f *safetensors.File) (*safetensors.File, error) {
	bits, err := strconv.Atoi(f.Metadata[bitsKey])
	if err != nil || !packable(bits) {
		return nil, perk.Errorf(perk.ECorrupt, op, "%s is %q, want 8, 4, 2 or 1", bitsKey, f.Metadata[bitsKey])
	}
	var shapes map[string][]int
	if err := json.Unmarshal([]byte(f.Metadata[shapesKey]), &shapes); err != nil {
		return nil, perk.Errorf(perk.ECorrupt, op, "decode %s: %w", shapesKey, err)
	}
	if len(f.Tensors) != 2*len(shapes) {
		return nil, perk.Errorf(perk.ECorrupt, op, "file holds %d tensors, want codes and scales of %d", len(f.Tensors), len(shapes))
	}
	out := &safetensors.File{}
	for _, codes := range f.Tensors { // in rising order, so that Tensor finds them in the result
		shape, ok := shapes[codes.Name]
		if !ok {
			continue // scales, or the number of tensors does not come out
		}
		scales, _ := f.Tensor(codes.Name + scaleSuffix)
		// The bytes that are there bound the columns, so a shape cannot ask for memory that the file does not pay for.
		if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 || shape[1] > 8*len(codes.Bytes) ||
			!slices.Equal(codes.Shape, []int{shape[0], rowBytes(shape[1], bits)}) || len(scales.Data) != shape[0] {
			return nil, perk.Errorf(perk.ECorrupt, op, "tensor %q of shape %v has codes of shape %v and %d scales", codes.Name, shape, codes.Shape, len(scales.Data))
		}
		rows, cols := shape[0], shape[1]
		width := rowBytes(cols, bits)
		t := safetensors.Tensor{Name: codes.Name, Shape: shape, Data: make([]float32, rows*cols)}
		for r := range rows {
			if !unpackRow(t.Data[r*cols:(r+1)*cols], codes.Bytes[r*width:(r+1)*width], scales.Data[r], bits) {
				return nil, perk.Errorf(perk.ECorrupt, op, "row %d of tensor %q has scale %v or bits behind its end", r, codes.Name, scales.Data[r])
			}
		}
		out.Tensors = append(out.Tensors, t)
	}
	if len(out.Tensors) != len(shapes) {
		return nil, perk.Errorf(perk.ECorrupt, op, "%s names tensors that the file lacks", shapesKey)
	}
	return out, nil
}

func rowBytes(cols, bits int) int { return (cols*bits + 7) / 8 }

// levels counts the levels of so many bits: the odd numbers between -levels and levels. Without a zero they are symmetric and
// none is wasted, and one bit is the sign.
func levels(bits int) int { return 1 << bits }

// code is the number, from 0, of the level next to v.
func code(v float64, bits int) int {
	n := levels(bits)
	return int(min(max(math.Floor((v+float64(n))/2), 0), float64(n-1)))
}

// packRow writes a row's codes, the first in the low bits, and gives the scale of its levels. A scale of 0 has codes 0.
func packRow(dst []byte, row []float32, bits int) float32 {
	s := bestScale(row, bits)
	if s == 0 {
		return 0
	}
	for i, v := range row {
		dst[i*bits/8] |= byte(code(float64(v)/float64(s), bits) << (i * bits % 8))
	}
	return s
}

// unpackRow is the reverse; ok is false for bytes that packRow does not write.
func unpackRow(row []float32, src []byte, s float32, bits int) (ok bool) {
	top := s * float32(levels(bits)-1)
	if !(s >= 0) || math.IsInf(float64(top), 0) || len(row)*bits%8 != 0 && src[len(src)-1]>>(len(row)*bits%8) != 0 {
		return false
	}
	mask := levels(bits) - 1
	for i := range row {
		c := int(src[i*bits/8]) >> (i * bits % 8) & mask
		row[i] = s * float32(2*c-mask)
	}
	return true
}

// candidates is how many ranges bestScale tries, from the largest element down to a part of it.
const candidates = 24

// bestScale gives the scale with the least squared error among those that it tries: for each range the scale that fits the
// codes of that range best. For one bit that is the mean of |x|.
func bestScale(row []float32, bits int) float32 {
	largest := 0.0
	for _, v := range row {
		largest = max(largest, math.Abs(float64(v)))
	}
	best, least := 0.0, math.Inf(1)
	for i := range candidates {
		s := largest / float64(levels(bits)-1) * float64(candidates-i) / candidates
		if s == 0 {
			break
		}
		for range 2 { // the second round takes the codes of the first one's fit
			var xl, ll, xx float64
			for _, v := range row {
				l := float64(2*code(float64(v)/s, bits) - levels(bits) + 1)
				xl, ll, xx = xl+float64(v)*l, ll+l*l, xx+float64(v)*float64(v)
			}
			s = xl / ll
			if e := xx - xl*s; e < least {
				best, least = s, e
			}
		}
	}
	// Rounding must not lift the outermost level over what a float32 holds.
	s := float32(best)
	if top := s * float32(levels(bits)-1); math.IsInf(float64(top), 0) {
		s = math.Nextafter32(math.MaxFloat32/float32(levels(bits)-1), 0)
	}
	return s
}
