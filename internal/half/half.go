// Package half converts float16, the 16-bit format of IEEE 754: a sign, 5 bits of exponent with bias 15, 10 of fraction.
package half

import "math"

// Widen gives the float32 of a float16; every one has one.
func Widen(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal, in steps of 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31: // infinite or not a number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// Round gives the nearest float16, the even one of two; what is too large becomes infinite.
func Round(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, abs := uint16(bits>>16)&0x8000, math.Float32frombits(bits&^(1<<31))
	switch {
	case abs != abs:
		return sign | 0x7e00
	case abs >= 65520: // halfway between the largest float16 and the next power of two
		return sign | 0x7c00
	case abs < 1.0/(1<<14): // subnormal; 2^-14 itself comes out of the rounding right
		return sign | uint16(math.RoundToEven(float64(abs)*(1<<24)))
	}
	b := math.Float32bits(abs)
	b += 0xfff + b>>13&1 // a carry goes on into the exponent, as it should
	return sign | uint16(b>>13-(127-15)<<10)
}
