package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/perkdb/perk/internal/kernel"
)

func random(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// gflops runs f, of flop operations a call, and reports the mean rate and the
// best one of a call, which is what to compare on a machine that others share.
func gflops(b *testing.B, flop float64, f func()) {
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
	b.ReportMetric(flop/best.Seconds()/1e9, "best-GFLOPS")
}

// BenchmarkPeak measures multiply-adds on registers alone: the ceiling of Gemm.
func BenchmarkPeak(b *testing.B) {
	for _, p := range kernel.Peaks() {
		b.Run("kernel="+p.Name, func(b *testing.B) {
			gflops(b, float64(10000*12*2*p.Adds), func() { p.Run(10000) })
		})
	}
}

type gemmCase struct {
	op           string // nn, nt, tn, packed
	m, n, k      int
	lda, ldb, ld int // strides; 0 is dense
}

func BenchmarkGemm(b *testing.B) {
	cases := []gemmCase{
		{op: "nn", m: 1024, n: 128, k: 128},
		{op: "nn", m: 1024, n: 512, k: 128},
		{op: "nn", m: 1024, n: 128, k: 512},
		{op: "nn", m: 1024, n: 2048, k: 128},
		{op: "nn", m: 1024, n: 128, k: 2048},
		{op: "nn", m: 1024, n: 256, k: 512},
		{op: "nn", m: 1024, n: 576, k: 576},
		{op: "nn", m: 1024, n: 1536, k: 576},
		{op: "nt", m: 1024, n: 512, k: 128},
		{op: "nt", m: 1024, n: 576, k: 576},
		{op: "packed", m: 1024, n: 128, k: 128},
		{op: "packed", m: 1024, n: 512, k: 128},
		{op: "packed", m: 1024, n: 576, k: 576},
		{op: "packed", m: 1024, n: 1536, k: 576},
		{op: "packed", m: 1024, n: 128, k: 2048},
		{op: "tn", m: 128, n: 128, k: 1024},
		{op: "tn", m: 512, n: 128, k: 1024},
		{op: "tn", m: 128, n: 512, k: 4000},
		{op: "tn", m: 512, n: 512, k: 4000},
		{op: "nt", m: 64, n: 64, k: 32, lda: 128, ldb: 128},
		{op: "nn", m: 64, n: 32, k: 64, ldb: 128, ld: 128},
		{op: "tn", m: 64, n: 32, k: 64, ldb: 128, ld: 128},
		{op: "nn", m: 1024, n: 16, k: 576},
		{op: "nn", m: 1024, n: 576, k: 16},
		{op: "nn", m: 1, n: 512, k: 512},
		{op: "nn", m: 16, n: 512, k: 512},
	}
	for _, f := range kernel.Levels() {
		for _, g := range cases {
			name := fmt.Sprintf("kernel=%s/op=%s/m=%d/n=%d/k=%d", f, g.op, g.m, g.n, g.k)
			b.Run(name, func(b *testing.B) {
				kernel.SetLevel(b, f)
				benchGemm(b, g)
			})
		}
	}
}

func benchGemm(b *testing.B, g gemmCase) {
	lda, ldb, ldc := g.lda, g.ldb, g.ld
	ar, ac, br, bc := g.m, g.k, g.k, g.n
	if g.op == "tn" {
		ar, ac = ac, ar
	}
	if g.op == "nt" {
		br, bc = bc, br
	}
	lda, ldb, ldc = max(lda, ac), max(ldb, bc), max(ldc, g.n)
	x, y, c := random(ar*lda), random(br*ldb), random(g.m*ldc)
	p := kernel.Pack(false, 0, 0, nil, 0)
	if g.op == "packed" {
		p = kernel.Pack(false, g.k, g.n, y, ldb)
	}
	b.ReportAllocs()
	gflops(b, 2*float64(g.m)*float64(g.n)*float64(g.k), func() {
		if g.op == "packed" {
			kernel.GemmPacked(g.m, x, lda, p, 0, c, ldc)
		} else {
			kernel.Gemm(g.op == "tn", g.op == "nt", g.m, g.n, g.k, x, lda, y, ldb, 0, c, ldc)
		}
	})
}
