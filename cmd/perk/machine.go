package main

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/perkdb/perk/internal/kernel"
)

// gemmSize is the side of the square matrices: large enough for the product's best rate, small enough to be measured in a second.
const gemmSize = 1024

// gemmRate measures the float32 matrix product of this machine in GFLOPS: the mean over a second, each thread with matrices of its own, so that the
// figure is what the machine can do just now and not what a split of one product loses.
func gemmRate(threads int) float64 {
	const n = gemmSize
	const flops = 2 * n * n * n
	type square struct{ a, b, c []float32 }
	work := make([]square, threads)
	for i := range work {
		s := square{make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)}
		for j := range s.a {
			s.a[j], s.b[j] = float32(j%7)-3, float32(j%5)-2
		}
		work[i] = s
	}
	start, rounds := time.Now(), 0
	for ; rounds == 0 || time.Since(start) < time.Second; rounds++ {
		var running sync.WaitGroup
		for _, s := range work {
			running.Go(func() { kernel.Gemm(false, false, n, n, n, s.a, n, s.b, n, 0, s.c, n) })
		}
		running.Wait()
	}
	return float64(rounds*threads) * flops / time.Since(start).Seconds() / 1e9
}

// cpuName is what the system calls its processor.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
