package kernel

import (
	"sync"
	"sync/atomic"
)

// Spread calls f once for each of 0 to n-1, the lowest first, on so many goroutines where there are more than one of both, and returns when all calls have.
func Spread(threads, n int, f func(i int)) {
	var next atomic.Int64
	loop := func() {
		for i := next.Add(1); i <= int64(n); i = next.Add(1) {
			f(int(i - 1))
		}
	}
	var others sync.WaitGroup
	for range min(threads, n) - 1 {
		others.Go(loop)
	}
	loop()
	others.Wait()
}
