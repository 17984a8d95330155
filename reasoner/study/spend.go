package study

import (
	"cmp"
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"
)

// samplePeriod is the time between two looks at the heap.
const samplePeriod = time.Millisecond

// spend runs an action on a collected heap, and measures its time and how far the heap grew.
func spend(ctx context.Context, action func(context.Context) error) (Spent, error) {
	runtime.GC()
	before, peak := heap(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(samplePeriod)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				peak = max(peak, heap()-before)
			}
		}
	}()
	start := time.Now()
	err := action(ctx)
	seconds := time.Since(start).Seconds()
	close(stop)
	<-stopped
	return Spent{Seconds: seconds, Peak: max(peak, heap()-before, 0)}, err
}

// heap is the size of all objects, those that wait for collection included.
func heap() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// median of a figure of at least one item.
func median[T any, V cmp.Ordered](items []T, figure func(T) V) V {
	var values []V
	for _, i := range items {
		values = append(values, figure(i))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
