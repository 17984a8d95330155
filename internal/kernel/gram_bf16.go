package kernel

import (
	"sync"
	"unsafe"
)

// gramBF16 is what GramAddBF16 needs besides its operands: A as it is on both sides of the product, pairs of rows of A side by side.
type gramBF16 struct {
	right PackedBF16
	left  []uint32 // A^T, (n, pairs)
}

var gramBF16s = sync.Pool{New: func() any { return new(gramBF16) }}

// GramAddBF16 is GramAdd with A rounded to bfloat16, sums in float32: about twice as fast where the CPU multiplies bfloat16, and GramAdd elsewhere.
func GramAddBF16(threads, n, k int, a []float32, lda int, c []float32, ldc int) {
	if active < levelBF16 {
		GramAdd(threads, n, k, a, lda, c, ldc)
		return
	}
	g := gramBF16s.Get().(*gramBF16)
	defer gramBF16s.Put(g)
	for k0 := 0; k0 < k; k0 += bf16K {
		g.add(threads, n, min(bf16K, k-k0), a[k0*lda:], lda, c, ldc)
	}
}

// add adds the product of at most bf16K rows of A.
func (g *gramBF16) add(threads, n, k int, a []float32, lda int, c []float32, ldc int) {
	p := &g.right
	p.fit(k, n)
	pairs, stride := ceilDiv(k, 2), ceilDiv(k, 2)
	if active >= levelAMX {
		stride = roundUp(k, amxK) / 2
	}
	if size := roundUp(n, amxRows) * stride; cap(g.left) < size {
		g.left = make([]uint32, size)
	}
	g.left = g.left[:cap(g.left)]
	data := p.pairs()

	const some = 16 // pairs of rows
	Spread(threads, ceilDiv(pairs, some), func(b int) {
		rows := make([]uint16, 2*(n+16)) // rounding writes whole vectors
		first, second := rows[:n+16], rows[n+16:]
		for q := b * some; q < min((b+1)*some, pairs); q++ {
			p.pair(2*q, a, lda, first, second)
		}
	})
	Spread(threads, ceilDiv(n, panelCols), func(b int) {
		j := b * panelCols
		from := data[p.index(0, j)/2:]
		for i := range min(panelCols, n-j) {
			row := g.left[(j+i)*stride : (j+i+1)*stride]
			for q := range pairs {
				row[q] = from[q*panelCols+i]
			}
			clear(row[pairs:])
		}
	})
	left := unsafe.Slice((*uint16)(unsafe.Pointer(&g.left[0])), 2*len(g.left))
	Spread(threads, ceilDiv(n, gramRows), func(b int) {
		s := bf16Scratches.Get().(*bf16Scratch)
		defer s.release()
		i := b * gramRows
		if active >= levelAMX {
			for j := i; j < n; j += amxColumns {
				s.amx.block(p, 0, k, j, min(amxColumns, n-j), p.next(0, 0, k, k, j, amxColumns), min(gramRows, n-i), left[2*i*stride:], true, c[i*ldc+j:], ldc)
			}
			return
		}
		s.t.beta = 1
		for j := i; j < n; j += panelCols {
			s.panel(p, 0, k, j, p.next(0, 0, k, k, j, panelCols), min(gramRows, n-i), left[2*i*stride:], c[i*ldc+j:], ldc)
		}
	})
}
