package main

import (
	"runtime"
	"testing"
)

func TestCrowd(t *testing.T) {
	was := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(was)
	n := runtime.NumCPU()
	for _, c := range []struct{ may, threads int }{{n, crowding * n}, {n + 1, n + 1}, {n - 1, n - 1}} {
		if c.may == 0 {
			continue
		}
		runtime.GOMAXPROCS(c.may)
		if got := crowd(); got != c.may || runtime.GOMAXPROCS(0) != c.threads {
			t.Errorf("with %d of %d processors: %d counted, %d threads, want %d", c.may, n, got, runtime.GOMAXPROCS(0), c.threads)
		}
	}
}
