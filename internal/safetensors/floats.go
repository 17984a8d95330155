package safetensors

import (
	"encoding/binary"
	"math"
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
				dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
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

// half widens a float16: a sign, 5 bits of exponent with bias 15, 10 of fraction.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal, in steps of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinite or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
