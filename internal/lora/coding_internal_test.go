package lora

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkCoding is the coder alone, without choosing scales; MB/s are of float32 elements.
func BenchmarkCoding(b *testing.B) {
	const rows, cols = 128, 512
	rng := rand.New(rand.NewPCG(1, 1))
	row, codes := make([]float32, cols), make([]byte, rows*cols)
	for _, bits := range []int{8, 6, 4} {
		for r := range rows {
			for i := range row {
				row[i] = float32(rng.NormFloat64())
			}
			quantise(codes[r*cols:(r+1)*cols], row, new(quantiser).bestScale(row, bits), bits)
		}
		body, coding := shorter(codes, rows, cols, bits)
		b.Run(fmt.Sprintf("encode/%d", bits), func(b *testing.B) {
			b.SetBytes(4 * rows * cols)
			for b.Loop() {
				shorter(codes, rows, cols, bits)
			}
		})
		b.Run(fmt.Sprintf("decode/%d", bits), func(b *testing.B) {
			b.SetBytes(4 * rows * cols)
			for b.Loop() {
				if _, err := decode(body, coding, rows, cols, bits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
