package safetensors

import (
	"encoding/binary"
	"math"

	"github.com/perkdb/perk/internal/half"
)

// Widen decodes len(dst) little-endian elements of a type, F32, F16 or BF16, and says whether it is one of these.
func Widen(dtype string, dst []float32, src []byte) bool {
	decode := floats(dtype)
	if decode != nil {
		decode(dst, src)
	}
	return decode != nil
}

// floats gives the decoder of a type's little-endian elements, nil for a type that is not of floats, or of more precise ones.
func floats(dtype string) func(dst []float32, src []byte) {
	switch dtype {
	case "F32":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
			}
		}
	case "BF16":
		return bfloats
	case "F16":
		return func(dst []float32, src []byte) {
			for i := range dst {
				dst[i] = half.Widen(binary.LittleEndian.Uint16(src[2*i:]))
			}
		}
	}
	return nil
}

// bfloats widens bfloat16, the upper half of a float32, by four at a time, since it is what most models are stored in.
func bfloats(dst []float32, src []byte) {
	for len(dst) >= 4 && len(src) >= 8 {
		x := binary.LittleEndian.Uint64(src)
		dst[0] = math.Float32frombits(uint32(x) << 16)
		dst[1] = math.Float32frombits(uint32(x) & 0xffff0000)
		dst[2] = math.Float32frombits(uint32(x>>16) & 0xffff0000)
		dst[3] = math.Float32frombits(uint32(x>>32) & 0xffff0000)
		dst, src = dst[4:], src[8:]
	}
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}
