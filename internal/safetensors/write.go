package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// Marshal encodes tensors, in any order, and metadata, which may be nil. Equal content gives equal bytes.
// Errors: EInvalid (a repeated or reserved name, a shape that does not match its data).
func Marshal(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(tensors), func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	header := map[string]any{}
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	end := int64(0)
	for _, t := range sorted {
		n, ok := elements(t.Shape)
		dtype, have, one := t.dtype()
		if !ok || !one || n != have {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q of shape %v has %d elements and %d bytes", t.Name, t.Shape, len(t.Data), len(t.Bytes))
		}
		if _, dup := header[t.Name]; dup || t.Name == metadataKey {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor name %q is reserved or used twice", t.Name)
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{} // null is no shape
		}
		size, _ := width(dtype)
		header[t.Name] = entry{DType: dtype, Shape: shape, Offsets: [2]int64{end, end + size*n}}
		end += size * n
	}
	text, err := json.Marshal(header) // sorts the keys
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	if pad := (8 - len(text)%8) % 8; pad > 0 {
		text = append(text, bytes.Repeat([]byte{' '}, pad)...)
	}
	out := make([]byte, 0, 8+int64(len(text))+end)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(text)))
	out = append(out, text...)
	for _, t := range sorted {
		out = appendFloats(append(out, t.Bytes...), t.Data)
	}
	return out, nil
}
