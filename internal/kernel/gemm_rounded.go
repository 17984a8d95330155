package kernel

import (
	"sync"
	"unsafe"
)

// leastRounded is the number of multiplications from which on GemmRounded gains by packing.
const leastRounded = 1 << 20

// roundedScratch is what GemmRounded needs besides its operands.
type roundedScratch struct {
	b    PackedBF16
	rows [2][]uint16
	a    []float32 // a transposed A
}

var roundedScratches = sync.Pool{New: func() any { return new(roundedScratch) }}

// GemmRounded is Gemm with both sides rounded to bfloat16, sums in float32, for products whose sides both change: op(B) is packed for the one product. Where the CPU has no tiles of bfloat16 (AMX),
// and for products too small to gain by it, it is Gemm; so a row's result may depend on m.
func GemmRounded(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkGemm("GemmRounded", transA, transB, m, n, k, len(a), lda, len(b), ldb, len(c), ldc)
	if active < levelAMX || n < panelCols || k < amxK || m*n*k < leastRounded {
		Gemm(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc)
		return
	}
	s := roundedScratches.Get().(*roundedScratch)
	defer roundedScratches.Put(s)
	if transB {
		s.packTurned(n, k, b, ldb)
	} else {
		s.pack(n, k, b, ldb)
	}
	if transA {
		s.turn(m, k, a, lda)
		a, lda = s.a, k
	}
	GemmBF16(m, a, lda, &s.b, beta, c, ldc)
}

// turn writes the transpose (m, k) of a (k, m) to s.a: 16 of its rows at a time in the assembler, four columns each, and what is left in Go.
func (s *roundedScratch) turn(m, k int, a []float32, lda int) {
	s.a = fitted(s.a, m*k)
	const group = 16
	columns, rows := m/4*4, k/group*group
	for q := 0; q < rows && columns > 0; q += group {
		transpose512(&s.a[q], uintptr(k)*4, &a[q*lda], uintptr(lda)*4, columns/4)
	}
	for q := range k {
		from := columns
		if q >= rows {
			from = 0
		}
		for i := from; i < m; i++ {
			s.a[i*k+q] = a[q*lda+i]
		}
	}
}

// fit makes room for op(B) (k, n), whose pairs it gives, and for two rows as long as wide.
func (s *roundedScratch) fit(k, n, wide int) []uint32 {
	s.b.fit(k, n)
	for i := range s.rows {
		s.rows[i] = fitted(s.rows[i], wide+16) // rounding writes whole vectors
	}
	return s.b.pairs()
}

// pack lays B (k, n) out as PackBF16 does, two rows side by side.
func (s *roundedScratch) pack(n, k int, b []float32, ldb int) {
	s.fit(k, n, n)
	for q := 0; q < k; q += 2 {
		s.b.pair(q, b, ldb, s.rows[0], s.rows[1])
	}
}

// packTurned is pack for B (n, k).
func (s *roundedScratch) packTurned(n, k int, b []float32, ldb int) {
	data := s.fit(k, n, k)
	row := s.rows[0]
	pairs := unsafe.Slice((*uint32)(unsafe.Pointer(&row[0])), ceilDiv(k, 2))
	for j := range n {
		roundBF16(&row[0], &b[j*ldb], k)
		if k%2 == 1 {
			row[k] = 0
		}
		to := data[s.b.index(0, j)/2:]
		for q, v := range pairs {
			to[q*panelCols] = v
		}
	}
}

// fitted gives a slice of n elements, x itself where it is long enough.
func fitted[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}
