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
					for _, transA := range []bool{false, true} {
						lda, ldb, ldc := max(m, k)+3, n+5, n+7
						a, b, c := fill(max(m, k)*lda), fill(k*ldb), fill(m*ldc)
						want := make([]float64, len(c))
						copy(want, c)
						for i := range m {
							for j := range n {
								for p := range k {
									x, y := a[i*lda+p], b[p*ldb+j]
									if transA {
										x = a[p*lda+i]
									}
									want[i*ldc+j] -= x * y
								}
							}
						}
						packed := kernel.Room64(nil, k, n)
						for j := 0; j < n; j += kernel.Columns64 { // by parts
							kernel.Pack64(packed.From(j), k, kernel.Columns64, b[j:], ldb, -1)
						}
						kernel.MulAdd64(transA, m, a, lda, packed, c, ldc)
						for i, w := range want {
							if !(math.Abs(c[i]-w) <= 1e-12*float64(k)) {
								t.Fatalf("m=%d k=%d n=%d trans %v: c[%d] = %v, want %v", m, k, n, transA, i, c[i], w)
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
	packed := kernel.Pack64(nil, n, n, y, n, 1)
	for b.Loop() {
		kernel.MulAdd64(false, n, x, n, packed, c, n)
	}
	b.ReportMetric(2*n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
}
