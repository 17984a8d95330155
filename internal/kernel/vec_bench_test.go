package kernel_test

import (
	"fmt"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

func BenchmarkVec(b *testing.B) {
	for _, n := range []int{128, 2048} {
		d, x, y, z := random(n), random(n), random(n), make([]float32, n)
		ops := []struct {
			name string
			run  func()
		}{
			{"Dot", func() { kernel.Dot(x, y) }},
			{"Axpy", func() { kernel.Axpy(1e-9, x, d) }},
			{"Add", func() { kernel.Add(d, x, y) }},
			{"Sum", func() { kernel.Sum(x) }},
			{"Max", func() { kernel.Max(x) }},
			{"Relu2", func() { kernel.Relu2(d, x) }},
			{"Exp", func() { kernel.Exp(d, x) }},
			{"Softmax", func() { kernel.Softmax(d, x) }},
			{"AdamW", func() { kernel.AdamW(d, x, y, z, 0, 0.9, 0.95, 1e-8, 0, 1) }},
		}
		for _, f := range kernel.Levels() {
			for _, op := range ops {
				b.Run(fmt.Sprintf("op=%s/kernel=%s/n=%d", op.name, f, n), func(b *testing.B) {
					kernel.SetLevel(b, f)
					b.ReportAllocs()
					for b.Loop() {
						op.run()
					}
					b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
				})
			}
		}
	}
}

// BenchmarkGemv walks over matrices that fit in L2, in L3 and in neither.
func BenchmarkGemv(b *testing.B) {
	for _, s := range [][2]int{{512, 128}, {1536, 576}, {2048, 512}, {32768, 1024}} {
		m, n := s[0], s[1]
		a, x, y := random(m*n), random(max(m, n)), make([]float32, max(m, n))
		for _, f := range kernel.Levels() {
			for name, run := range map[string]func(m, n int, a []float32, lda int, x []float32, beta float32, y []float32){
				"n": kernel.Gemv, "t": kernel.GemvT,
			} {
				b.Run(fmt.Sprintf("op=%s/kernel=%s/m=%d/n=%d", name, f, m, n), func(b *testing.B) {
					kernel.SetLevel(b, f)
					b.SetBytes(int64(4 * m * n))
					b.ReportAllocs()
					for b.Loop() {
						run(m, n, a, n, x, 0, y)
					}
				})
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops items under the race detector")
	}
	eachLevel(t, func(t *testing.T) {
		a, b, c := random(64*512), random(512*64), random(64*64)
		p := kernel.Pack(false, 512, 64, b, 64)
		p8, p16 := kernel.PackInt8(true, 510, 60, b, 510), kernel.PackBF16(true, 510, 60, b, 510)
		got := testing.AllocsPerRun(50, func() {
			kernel.GemmInt8(1, a, 510, p8, 0, c, 60)
			kernel.GemvBF16(1, a, 510, p16, 0, c, 60)
			kernel.Gemm(true, false, 64, 64, 512, a, 64, b, 64, 0, c, 64)
			kernel.Gemm(false, true, 64, 64, 512, a, 512, b, 512, 1, c, 64)
			kernel.GemmPacked(64, a, 512, p, 0, c, 64)
			kernel.Gemv(64, 512, a, 512, b, 0, c)
			kernel.GemvT(64, 512, a, 512, b, 0, c)
			kernel.Softmax(c, c)
			kernel.AdamW(a, b, a, b, 0, 0.9, 0.9, 1, 0, 1)
		})
		if got >= 1 {
			t.Errorf("%v allocations a round, want 0", got)
		}
	})
}
