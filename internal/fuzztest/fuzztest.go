// Package fuzztest bounds what readers of untrusted bytes may allocate in their fuzz tests.
package fuzztest

import (
	"runtime/metrics"
	"testing"
)

// Bounds of what reading a small file may allocate, in bytes.
const (
	small = 1 << 20
	most  = 64 << 20
)

// Bound begins to count what the process allocates; the function that it gives reports an error where that is more than a file of size bytes, if it is a small one, may cost:
//
//	defer fuzztest.Bound(t, len(b))()
func Bound(t *testing.T, size int) func() {
	before := allocated()
	return func() {
		t.Helper()
		if n := allocated() - before; n > most && size < small {
			t.Errorf("%d bytes allocated for a file of %d", n, size)
		}
	}
}

// allocated gives the bytes allocated by this process so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
