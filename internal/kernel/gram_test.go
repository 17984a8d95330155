package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

// The upper triangle is that of the whole product, over several blocks of rows.
func TestGramIsTheProductsUpperTriangle(t *testing.T) {
	const n, k, ld = 549, 9, 552 // blocks have 256 rows
	r := rand.New(rand.NewPCG(5, 6))
	a := mat(r, k, n, ld)
	want, got := make([]float32, n*n), make([]float32, n*n)
	kernel.Gemm(true, false, n, n, k, a, ld, a, ld, 0, want, n)
	kernel.Gram(n, k, a, ld, a, ld, got, n)
	for i := range n {
		sameBits(t, fmt.Sprintf("row %d", i), got[i*n+i:(i+1)*n], want[i*n+i:(i+1)*n])
	}
}

// What is added is that triangle, by tiles of 512 columns too, with the same bits for any number of threads.
func TestGramAddAddsTheUpperTriangle(t *testing.T) {
	const n, k, ld = 549, 9, 552
	r := rand.New(rand.NewPCG(5, 6))
	a := mat(r, k, n, ld)
	want, got := mat(r, n, n, n), make([]float32, n*n)
	copy(got, want)
	others := slices.Clone(got)
	kernel.Gemm(true, false, n, n, k, a, ld, a, ld, 1, want, n)
	kernel.GramAdd(1, n, k, a, ld, got, n)
	kernel.GramAdd(3, n, k, a, ld, others, n)
	for i := range n {
		sameBits(t, fmt.Sprintf("row %d", i), got[i*n+i:(i+1)*n], want[i*n+i:(i+1)*n])
		sameBits(t, fmt.Sprintf("row %d on three threads", i), others[i*n+i:(i+1)*n], want[i*n+i:(i+1)*n])
	}
}

// Rounded operands have the product that is added, over several chains of k and an odd rest, with the same bits for any number of threads.
func TestGramAddBF16(t *testing.T) {
	for _, k := range []int{1, 9, 384, 1001} {
		const n, ld = 549, 552
		r := rand.New(rand.NewPCG(5, 6))
		a := mat(r, k, n, ld)
		before := mat(r, n, n, n)
		got, others := slices.Clone(before), slices.Clone(before)
		kernel.GramAddBF16(1, n, k, a, ld, got, n)
		kernel.GramAddBF16(3, n, k, a, ld, others, n)
		rounded := make([]float32, len(a))
		for i, v := range a {
			rounded[i] = v
			if kernel.HasBF16() {
				rounded[i] = kernel.RoundBF16(v)
			}
		}
		for i := range n {
			sameBits(t, fmt.Sprintf("row %d on three threads", i), others[i*n+i:(i+1)*n], got[i*n+i:(i+1)*n])
			for j := i; j < n; j++ {
				want := float64(before[i*n+j])
				for q := range k {
					want += float64(rounded[q*ld+i]) * float64(rounded[q*ld+j])
				}
				if d := math.Abs(float64(got[i*n+j]) - want); !(d < 4e-6*max(100, math.Abs(want))) {
					t.Fatalf("k=%d: (%d, %d) is off by %g", k, i, j, d)
				}
			}
		}
	}
}

func TestGramRowsIsTheProductsUpperTriangle(t *testing.T) {
	const m, k, ld = 150, 40, 43 // blocks have 64 rows
	r := rand.New(rand.NewPCG(5, 6))
	a := mat(r, m, k, ld)
	want, got := make([]float32, m*m), make([]float32, m*m)
	kernel.Gemm(false, true, m, m, k, a, ld, a, ld, 0, want, m)
	kernel.GramRows(3, m, k, a, ld, got, m)
	for i := range m {
		sameBits(t, fmt.Sprintf("row %d", i), got[i*m+i:(i+1)*m], want[i*m+i:(i+1)*m])
	}
}
