package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

// Every shape of the last tile, every instruction set, in place and transposed: the sums are those of the definition, and what lies beside C stays.
func TestMulAdd64(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	eachLevel(t, func(t *testing.T) {
		for _, m := range []int{1, 5, 7, 13, 14, 29} {
			for _, k := range []int{1, 3, 130, 257} {
				for _, n := range []int{16, 48} {
					for trans := range 4 {
						transA, transB := trans&1 > 0, trans&2 > 0
						lda, ldb, ldc := max(m, k)+3, max(n, k)+5, n+7
						a, b, c := fill(max(m, k)*lda), fill(max(n, k)*ldb), fill(m*ldc)
						want := make([]float64, len(c))
						copy(want, c)
						for i := range m {
							for j := range n {
								for p := range k {
									x, y := a[i*lda+p], b[p*ldb+j]
									if transA {
										x = a[p*lda+i]
									}
									if transB {
										y = b[j*ldb+p]
									}
									want[i*ldc+j] -= x * y
								}
							}
						}
						kernel.MulAdd64(transA, m, a, lda, kernel.Pack64(nil, transB, k, n, b, ldb, -1), c, ldc)
						for i, w := range want {
							if !(math.Abs(c[i]-w) <= 1e-12*float64(k)) {
								t.Fatalf("m=%d k=%d n=%d trans %v %v: c[%d] = %v, want %v", m, k, n, transA, transB, i, c[i], w)
							}
						}
					}
				}
			}
		}
	})
}

func BenchmarkMulAdd64(b *testing.B) {
	const n = 512
	x, y, c := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	packed := kernel.Pack64(nil, false, n, n, y, n, 1)
	for b.Loop() {
		kernel.MulAdd64(false, n, x, n, packed, c, n)
	}
	b.ReportMetric(2*n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
}
