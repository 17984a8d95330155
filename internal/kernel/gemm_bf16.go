package kernel

import "sync"

const (
	bf16K    = 384 // longest chain of k kept in registers: a panel of B is 24 KiB, and stays in L1 with a tile of A
	bf16Rows = 256 // rows of A that are rounded at a time: at most 192 KiB, which stay in L2
)

// bf16Scratch is what one bfloat16 product needs besides its operands.
type bf16Scratch struct {
	t tile
	a [bf16Rows*bf16K + 16]uint16 // rounding writes whole vectors
}

var bf16Scratches = sync.Pool{New: func() any { return new(bf16Scratch) }}

// GemmBF16 computes C = A op(B) + beta C with the op(B) given to PackBF16, for many rows: A, (m, k) with row stride lda, is rounded to
// bfloat16 as well, and sums are in float32. C is (m, n) with row stride ldc. Where the CPU multiplies bfloat16 this is about twice as fast as
// GemmPacked; there denormals count as zeros. A row's result does not depend on m.
func GemmBF16(m int, a []float32, lda int, p *PackedBF16, beta float32, c []float32, ldc int) {
	checkPacked("GemmBF16", m, p.n, p.k, len(a), lda, len(c), ldc)
	switch {
	case m == 0 || p.n == 0:
	case p.k == 0:
		scaleRows(m, p.n, beta, c, ldc)
	case active < levelBF16:
		p.rounded(m, a, lda, beta, c, ldc)
	default:
		p.blocked(m, a, lda, beta, c, ldc)
	}
}

// rounded is GemmBF16 without the CPU's help.
func (p *PackedBF16) rounded(m int, a []float32, lda int, beta float32, c []float32, ldc int) {
	row := make([]float32, p.k)
	for i := range m {
		for q, v := range a[i*lda : i*lda+p.k] {
			row[q] = fromBF16(bf16(v))
		}
		GemvBF16(1, row, p.k, p, beta, c[i*ldc:], ldc)
	}
}

func (p *PackedBF16) blocked(m int, a []float32, lda int, beta float32, c []float32, ldc int) {
	s := bf16Scratches.Get().(*bf16Scratch)
	defer bf16Scratches.Put(s)
	t := &s.t
	defer func() { t.a, t.b, t.c = nil, nil, nil }() // keeps nothing alive
	most := levelBF16.shape().mr
	kc := p.k
	if blocks := ceilDiv(p.k, bf16K); blocks > 1 {
		kc = roundUp(ceilDiv(p.k, blocks), 4) // depends on k alone
	}
	for i0 := 0; i0 < m; i0 += bf16Rows {
		rows := min(bf16Rows, m-i0)
		t.beta = beta
		for k0 := 0; k0 < p.k; k0 += kc {
			kb := min(kc, p.k-k0)
			stride := roundUp(kb, 2)
			for r := range rows {
				roundBF16(&s.a[r*stride], &a[(i0+r)*lda+k0], kb)
			}
			t.k, t.ars, t.aks, t.bks, t.crs = stride/2, uintptr(stride)*2, 4, 4*panelCols, uintptr(ldc)*4
			for j := 0; j < p.n; j += panelCols {
				mask := uint32(uint64(1)<<min(panelCols, p.n-j) - 1)
				t.m0, t.m1 = uint16(mask), uint16(mask>>16)
				t.b = bf16Pair(p.data[p.index(k0, j):])
				for i, left := 0, ceilDiv(rows, most); i < rows; left-- {
					t.mr = ceilDiv(rows-i, left)
					t.a, t.c = bf16Pair(s.a[i*stride:]), &c[(i0+i)*ldc+j]
					tileBF16(t)
					i += t.mr
				}
			}
			t.beta = 1
		}
	}
}
