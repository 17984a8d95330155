package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/half"
)

// Tensor is a tensor to be written as F32, F16 or Q8_0; the last dimension of Q8_0 is a multiple of 32. Shape is row-major, 1 to 4 dimensions.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int
	Data  []float32
}

// Write writes a file of version 3: the metadata sorted by key, the tensors in the order given. Equal content gives equal bytes. Errors: EInvalid (a value
// or tensor that cannot be written), EInternal (w failed).
func Write(w io.Writer, meta Metadata, tensors []Tensor) error {
	align, ok := meta.alignment()
	if !ok {
		return perk.Errorf(perk.EInvalid, op, "%s is %v, want a uint32, a multiple of 8", alignmentKey, meta[alignmentKey])
	}
	front, sizes, err := front(meta, tensors, align)
	if err != nil {
		return perk.E(perk.EInvalid, op, err)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(front) // bufio keeps the first error for Flush
	out.Write(make([]byte, padding(int64(len(front)), align)))
	var b []byte
	for i, t := range tensors {
		const step = 1 << 12 // a multiple of every block
		for at := 0; at < len(t.Data); at += step {
			b = encode(b[:0], t.Type, t.Data[at:min(at+step, len(t.Data))])
			out.Write(b)
		}
		out.Write(make([]byte, padding(sizes[i], align)))
	}
	if err := out.Flush(); err != nil {
		return perk.E(perk.EInternal, op, fmt.Errorf("write: %w", err))
	}
	return nil
}

// front gives everything before the tensors' data, and the bytes of each tensor.
func front(meta Metadata, tensors []Tensor, align int64) (b []byte, sizes []int64, err error) {
	le := binary.LittleEndian
	b = le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, uint64(len(tensors)))
	b = le.AppendUint64(b, uint64(len(meta)))
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if len(key) > maxKey {
			return nil, nil, fmt.Errorf("key %.80q is too long", key)
		}
		t, v, err := appendValue(nil, meta[key], 0)
		if err != nil {
			return nil, nil, fmt.Errorf("metadata %q: %w", key, err)
		}
		b = append(le.AppendUint32(appendString(b, key), t), v...)
	}
	seen := map[string]bool{}
	offset := int64(0)
	for _, t := range tensors {
		size, err := t.check()
		if err == nil && seen[t.Name] {
			err = errors.New("the name is there twice")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %.80q of %v %v with %d values: %w", t.Name, t.Type, t.Shape, len(t.Data), err)
		}
		seen[t.Name] = true
		b = le.AppendUint32(appendString(b, t.Name), uint32(len(t.Shape)))
		for _, d := range slices.Backward(t.Shape) {
			b = le.AppendUint64(b, uint64(d))
		}
		b = le.AppendUint64(le.AppendUint32(b, uint32(t.Type)), uint64(offset))
		offset += size + padding(size, align)
		sizes = append(sizes, size)
	}
	return b, sizes, nil
}

// check holds a tensor to what can be written and gives its size in bytes.
func (t *Tensor) check() (int64, error) {
	tr, _ := t.Type.traits()
	n := 1
	for _, d := range t.Shape {
		if d < 0 || d > math.MaxInt32 || d > 0 && n > math.MaxInt/d {
			return 0, errors.New("impossible shape")
		}
		n *= d
	}
	switch {
	case t.Type != F32 && t.Type != F16 && t.Type != Q8_0:
		return 0, errors.New("only F32, F16 and Q8_0 are written")
	case len(t.Shape) < 1 || len(t.Shape) > 4 || n != len(t.Data):
		return 0, errors.New("shape and data disagree, or there are not 1 to 4 dimensions")
	case len(t.Name) > maxKey:
		return 0, errors.New("the name is too long")
	}
	size, ok := tr.size(t.Shape)
	if !ok {
		return 0, fmt.Errorf("rows are no multiple of %d", tr.elements)
	}
	return size, nil
}

// encode appends values, whole blocks of a type.
func encode(b []byte, t Type, data []float32) []byte {
	le := binary.LittleEndian
	switch t {
	case F32:
		for _, x := range data {
			b = le.AppendUint32(b, math.Float32bits(x))
		}
	case F16:
		for _, x := range data {
			b = le.AppendUint16(b, half.Round(x))
		}
	case Q8_0:
		for block := range slices.Chunk(data, 32) {
			most := float32(0)
			for _, x := range block {
				most = max(most, float32(math.Abs(float64(x))))
			}
			d, inverse := most/127, float32(0)
			if d > 0 {
				inverse = 1 / d
			}
			b = le.AppendUint16(b, half.Round(d))
			for _, x := range block {
				b = append(b, byte(int8(math.Round(float64(x*inverse)))))
			}
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}
