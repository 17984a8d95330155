package gguf

import (
	"encoding/binary"
	"math"

	"github.com/perkdb/perk/internal/half"
)

// The decoders below take one block each, laid out as the comments say; d and m are float16 of two bytes.
// Four-bit numbers lie in pairs: the low halves of the bytes are the first half of the elements, the high halves the second.

func decodeF32(dst []float32, b []byte) {
	dst[0] = math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func float16(b []byte) float32 { return half.Widen(binary.LittleEndian.Uint16(b)) }

func decodeF16(dst []float32, b []byte) { dst[0] = float16(b) }

func decodeBF16(dst []float32, b []byte) { // the upper half of a float32
	dst[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

// decodeQ8_0: d, 32 signed bytes.
func decodeQ8_0(dst []float32, b []byte) {
	d := float16(b)
	for i, q := range b[2:34] {
		dst[i] = d * float32(int8(q))
	}
}

// decodeQ4_0: d, 16 bytes of nibbles, 8 is zero.
func decodeQ4_0(dst []float32, b []byte) {
	d := float16(b)
	for i, q := range b[2:18] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// decodeQ4_1: d, m, 16 bytes of nibbles.
func decodeQ4_1(dst []float32, b []byte) {
	d, m := float16(b), float16(b[2:])
	for i, q := range b[4:20] {
		dst[i] = d*float32(q&15) + m
		dst[i+16] = d*float32(q>>4) + m
	}
}

// decodeQ5_0: d, four bytes with the fifth bit of each element, 16 bytes of nibbles, 16 is zero.
func decodeQ5_0(dst []float32, b []byte) {
	d, high := float16(b), binary.LittleEndian.Uint32(b[2:])
	for i, q := range b[6:22] {
		dst[i] = d * float32(int(q&15|uint8(high>>i)&1<<4)-16)
		dst[i+16] = d * float32(int(q>>4|uint8(high>>(i+16))&1<<4)-16)
	}
}

// decodeQ5_1: d, m, fifth bits, nibbles.
func decodeQ5_1(dst []float32, b []byte) {
	d, m, high := float16(b), float16(b[2:]), binary.LittleEndian.Uint32(b[4:])
	for i, q := range b[8:24] {
		dst[i] = d*float32(q&15|uint8(high>>i)&1<<4) + m
		dst[i+16] = d*float32(q>>4|uint8(high>>(i+16))&1<<4) + m
	}
}

// decodeQ4_K: d, m, 12 bytes with a scale and a minimum of six bits for each of eight groups of 32, 128 bytes of nibbles. Nibbles lie in
// pairs by 64 elements.
func decodeQ4_K(dst []float32, b []byte) {
	d, m, s, q := float16(b), float16(b[2:]), b[4:16], b[16:144]
	for g := range 8 {
		// Groups 0 to 3 have their numbers in the low six bits of bytes 0 to 7; groups 4 to 7 the low four bits in bytes 8 to 11 and the rest in what those left free.
		var scale, least uint8
		if g < 4 {
			scale, least = s[g]&63, s[g+4]&63
		} else {
			scale, least = s[g+4]&15|s[g-4]>>6<<4, s[g+4]>>4|s[g]>>6<<4
		}
		ds, ml := d*float32(scale), m*float32(least)
		shift := g % 2 * 4
		for i, v := range q[g/2*32:][:32] {
			dst[g*32+i] = ds*float32(v>>shift&15) - ml
		}
	}
}

// decodeQ6_K: 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales for 16 elements each, d; 32 is zero. Each half of the block takes half of
// each part; in it, nibbles lie in pairs 64 elements apart, and bit pairs in fours, 32 apart.
func decodeQ6_K(dst []float32, b []byte) {
	d := float16(b[208:])
	for h := range 2 {
		low, high, scales := b[h*64:][:64], b[128+h*32:][:32], b[192+h*8:][:8]
		for i := range 128 {
			v := low[i%64]>>(i/64*4)&15 | high[i%32]>>(i/32*2)&3<<4
			dst[h*128+i] = d * float32(int8(scales[i/16])) * float32(int(v)-32)
		}
	}
}
