package gguf_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/gguf"
	"github.com/perkdb/perk/internal/half"
)

// A block as the specification has it: value gives element i of a block, one element at a time and in float64, and where in the block its float16s are.
type format struct {
	kind            gguf.Type
	elements, bytes int
	halves          []int
	value           func(b []byte, i int) float64
}

func f16(b []byte) float64 { return float64(half.Widen(binary.LittleEndian.Uint16(b))) } // held to its own test

func bit(b []byte, n int) int { return int(b[n/8] >> (n % 8) & 1) }

// nibble i of 16 bytes: the low halves first.
func nibble(b []byte, i int) int {
	if i < 16 {
		return int(b[i] & 0xf)
	}
	return int(b[i-16] >> 4)
}

// bits assembles a number from bit positions of a block, the lowest first.
func bits(b []byte, positions ...int) (n int) {
	for k, p := range positions {
		n |= bit(b, p) << k
	}
	return n
}

// k4 gives the scale and minimum of group g from the 12 bytes of Q4_K, by the positions of their bits.
func k4(b []byte, g int) (scale, least int) {
	at := func(byte, bit int) int { return byte*8 + bit }
	if g < 4 {
		for k := range 6 {
			scale |= bit(b, at(g, k)) << k
			least |= bit(b, at(g+4, k)) << k
		}
		return scale, least
	}
	h := g - 4
	return bits(b, at(8+h, 0), at(8+h, 1), at(8+h, 2), at(8+h, 3), at(h, 6), at(h, 7)),
		bits(b, at(8+h, 4), at(8+h, 5), at(8+h, 6), at(8+h, 7), at(4+h, 6), at(4+h, 7))
}

func formats() []format {
	return []format{
		{gguf.F32, 1, 4, nil, func(b []byte, i int) float64 {
			return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}},
		{gguf.F16, 1, 2, []int{0}, func(b []byte, i int) float64 { return f16(b) }},
		{gguf.BF16, 1, 2, nil, func(b []byte, i int) float64 {
			return float64(math.Float32frombits(binary.LittleEndian.Uint32([]byte{0, 0, b[0], b[1]})))
		}},
		{gguf.Q8_0, 32, 34, []int{0}, func(b []byte, i int) float64 { return f16(b) * float64(int8(b[2+i])) }},
		{gguf.Q4_0, 32, 18, []int{0}, func(b []byte, i int) float64 { return f16(b) * float64(nibble(b[2:], i)-8) }},
		{gguf.Q4_1, 32, 20, []int{0, 2}, func(b []byte, i int) float64 { return f16(b)*float64(nibble(b[4:], i)) + f16(b[2:]) }},
		{gguf.Q5_0, 32, 22, []int{0}, func(b []byte, i int) float64 {
			return f16(b) * float64(nibble(b[6:], i)+16*bit(b[2:], i)-16)
		}},
		{gguf.Q5_1, 32, 24, []int{0, 2}, func(b []byte, i int) float64 {
			return f16(b)*float64(nibble(b[8:], i)+16*bit(b[4:], i)) + f16(b[2:])
		}},
		{gguf.Q4_K, 256, 144, []int{0, 2}, func(b []byte, i int) float64 {
			scale, least := k4(b[4:16], i/32)
			q := int(b[16+i/64*32+i%32])
			if i%64 < 32 {
				q %= 16
			} else {
				q /= 16
			}
			return f16(b)*float64(scale)*float64(q) - f16(b[2:])*float64(least)
		}},
		{gguf.Q6_K, 256, 210, []int{208}, func(b []byte, i int) float64 {
			ql, qh, scales := b[:128], b[128:192], b[192:208]
			half, in := i/128, i%128
			quarter, l := in/32, in%32 // the specification's q1 to q4
			q := int(ql[half*64+quarter%2*32+l])
			if quarter < 2 {
				q %= 16
			} else {
				q /= 16
			}
			q += 16 * (int(qh[half*32+l]) / []int{1, 4, 16, 64}[quarter] % 4)
			return f16(b[208:]) * float64(int8(scales[half*8+quarter*2+l/16])) * float64(q-32)
		}},
	}
}

// TestBlocks holds the decoders to the formats' definitions on random blocks.
func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const blocks = 5000 // more than are read at once
	for _, f := range formats() {
		t.Run(f.kind.String(), func(t *testing.T) {
			data := make([]byte, blocks*f.bytes)
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			for k := range blocks {
				b := data[k*f.bytes:]
				for _, at := range f.halves { // finite ones, of both signs and all sizes
					for binary.LittleEndian.Uint16(b[at:])>>10&31 == 31 {
						binary.LittleEndian.PutUint16(b[at:], uint16(r.Uint32()))
					}
				}
			}
			in := open(t, raw(f.kind, blocks*f.elements, data))
			got, err := in.Floats(in.Entries[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != blocks*f.elements {
				t.Fatalf("%d values, want %d", len(got), blocks*f.elements)
			}
			for i, x := range got {
				b := data[i/f.elements*f.bytes:][:f.bytes]
				want := f.value(b, i%f.elements)
				size := math.Abs(want) // of the terms, which may cancel
				for _, at := range f.halves {
					size += math.Abs(f16(b[at:])) * 64
				}
				if !(math.Abs(float64(x)-want) <= 1e-6*size) && !(math.IsNaN(want) && x != x) && float64(x) != want {
					t.Fatalf("element %d is %g, want %g", i, x, want)
				}
			}
		})
	}
}

// raw makes a file of one tensor from its bytes.
func raw(kind gguf.Type, n int, data []byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint64(le.AppendUint64(le.AppendUint32([]byte("GGUF"), 3), 1), 0)
	b = append(le.AppendUint64(b, 1), 't')
	b = le.AppendUint64(le.AppendUint32(le.AppendUint64(le.AppendUint32(b, 1), uint64(n)), uint32(kind)), 0)
	b = append(b, bytes.Repeat([]byte{0}, (32-len(b)%32)%32)...)
	return append(b, data...)
}
