package adapterstore_test

import (
	"fmt"
	"runtime/metrics"
	"strconv"
	"testing"

	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/adapterstore/storetest"
)

var sizes = []struct {
	name  string
	bytes int
}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}}

func benchStore(b *testing.B) *adapterstore.Store {
	b.Helper()
	s := mustOpen(b, b.TempDir(), adapterstore.Options{Reserve: 4 << 20})
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func BenchmarkPut(b *testing.B) {
	for _, size := range sizes {
		b.Run("bytes="+size.name, func(b *testing.B) {
			s := benchStore(b)
			a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, size.bytes)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a.Key.Document.UUID = strconv.Itoa(i % 50)
				put(b, s, a)
			}
		})
	}
}

// BenchmarkGrow fills a store, as a backfill does, and gives the most memory that the heap held meanwhile: nearly all of it is Badger's compactions'.
// A size that says something wants thousands of adapters: -benchtime 12000x.
func BenchmarkGrow(b *testing.B) {
	const size = 80 << 10
	s := benchStore(b)
	a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, size)
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	peak := uint64(0)
	b.SetBytes(size)
	for i := 0; b.Loop(); i++ {
		a.Key.Document.UUID = fmt.Sprintf("%08x", uint32(i)*2654435761) // in no order
		put(b, s, a)
		if i%16 == 0 {
			metrics.Read(heap)
			peak = max(peak, heap[0].Value.Uint64())
		}
	}
	b.ReportMetric(float64(peak>>20), "peak-MiB")
}

func BenchmarkGet(b *testing.B) {
	for _, size := range sizes {
		b.Run("bytes="+size.name, func(b *testing.B) {
			s := benchStore(b)
			a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, size.bytes)
			for i := range 30 {
				a.Key.Document.UUID = strconv.Itoa(i)
				put(b, s, a)
			}
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				a.Key.Document.UUID = strconv.Itoa(i % 30)
				if _, err := s.Get(b.Context(), a.Key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
