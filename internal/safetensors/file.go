package safetensors

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// Tensor is a named row-major array of float32 (type F32; F16 and BF16 are widened) or, where Bytes is not nil, of bytes (U8). The product of Shape is
// the length of the one that is set; a scalar has no dimensions.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
	Bytes []byte
}

// dtype names the type in the header that the tensor is written as and gives its length; ok is false where it has both kinds of data.
func (t *Tensor) dtype() (name string, n int64, ok bool) {
	if t.Bytes != nil {
		return "U8", int64(len(t.Bytes)), t.Data == nil
	}
	return "F32", int64(len(t.Data)), true
}

// width gives the bytes of an element of a type of the format.
func width(dtype string) (n int64, ok bool) {
	switch dtype {
	case "F64", "I64", "U64":
		return 8, true
	case "F32", "I32", "U32":
		return 4, true
	case "F16", "BF16", "I16", "U16":
		return 2, true
	case "U8", "I8", "BOOL", "F8_E4M3", "F8_E5M2":
		return 1, true
	}
	return 0, false
}

// File is the content of one safetensors file. Tensors are sorted by name.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor
}

// Tensor finds a tensor by name.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := slices.BinarySearchFunc(f.Tensors, name, func(t Tensor, n string) int { return strings.Compare(t.Name, n) })
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// metadataKey is the header's one key that does not name a tensor.
const metadataKey = "__metadata__"

// maxHeader bounds the JSON header; the reference implementation allows 100 MB, real files stay below one.
const maxHeader = 16 << 20

// entry is a tensor's description in the header. Offsets count bytes from the end of the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// elements multiplies a shape up; ok is false where a dimension is negative or the size in bytes does not fit.
func elements(shape []int) (n int64, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt64/8/int64(d)) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, n <= math.MaxInt64/8
}

func appendFloats(dst []byte, src []float32) []byte {
	for _, v := range src {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}
