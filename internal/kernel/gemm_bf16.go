package kernel

import "sync"

const (
	bf16K      = 384 // longest chain of k kept in registers: a panel of B is 24 KiB, and stays in L1 with a tile of A
	bf16Chains = 2   // chains that a panel of C goes through before the next one
	bf16Rows   = 266 // rows of A that are rounded at a time: at most 400 KiB, which stay in L2
)

// bf16Scratch is what one bfloat16 product needs besides its operands.
type bf16Scratch struct {
	t   tile
	amx amxScratch
	a   [bf16Rows*bf16K*bf16Chains + 16]uint16 // rounding writes whole vectors
}

var bf16Scratches = sync.Pool{New: func() any { return new(bf16Scratch) }}

// release gives s back, and keeps no operand alive.
func (s *bf16Scratch) release() {
	s.t.a, s.t.b, s.t.c, s.t.next = nil, nil, nil, nil
	s.amx.release()
	bf16Scratches.Put(s)
}

// GemmBF16 computes C = A op(B) + beta C with the op(B) given to PackBF16, for many rows: A, (m, k) with row stride lda, is rounded to
// bfloat16 as well, and sums are in float32. C is (m, n) with row stride ldc. Where the CPU multiplies bfloat16 this is about twice as fast as
// GemmPacked, several times as fast where it has tiles of them (AMX); there denormals count as zeros. A row's result does not depend on m.
func GemmBF16(m int, a []float32, lda int, p *PackedBF16, beta float32, c []float32, ldc int) {
	checkPacked("GemmBF16", m, p.n, p.k, len(a), lda, len(c), ldc)
	switch {
	case m == 0 || p.n == 0:
	case p.k == 0:
		scaleRows(m, p.n, beta, c, ldc)
	case active < levelBF16:
		p.rounded(m, a, lda, beta, c, ldc)
	case active == levelBF16:
		p.blocked(m, a, lda, beta, c, ldc)
	default:
		p.tiled(m, a, lda, beta, c, ldc)
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

// bf16Chain gives the length of the chains that k is cut into, a multiple of even but for the last one. It depends on k alone, for determinism.
func bf16Chain(k, even int) int {
	blocks := ceilDiv(k, bf16K)
	if blocks <= 1 {
		return k
	}
	return roundUp(ceilDiv(k, blocks), even)
}

// next gives the index of what a product reads after the chain from k on, in the columns from j on. It walks over the chains of kc from k0 to end, over so many columns at a time,
// then over what k is left; then other rows begin again.
func (p *PackedBF16) next(k, k0, end, kc, j, columns int) int {
	switch {
	case k+kc < end:
		return p.index(k+kc, j)
	case j+columns < p.n:
		return p.index(k0, j+columns)
	case end < p.k:
		return p.index(end, 0)
	default:
		return 0
	}
}

func (p *PackedBF16) blocked(m int, a []float32, lda int, beta float32, c []float32, ldc int) {
	s := bf16Scratches.Get().(*bf16Scratch)
	defer s.release()
	kc := bf16Chain(p.k, 4)
	for i0, left := 0, ceilDiv(m, bf16Rows); i0 < m; left-- {
		rows := ceilDiv(m-i0, left)
		for k0 := 0; k0 < p.k; k0 += bf16Chains * kc {
			end := min(k0+bf16Chains*kc, p.k)
			for k := k0; k < end; k += kc {
				kb := min(kc, end-k)
				for r := range rows {
					roundBF16(&s.a[rows*(k-k0)+r*roundUp(kb, 2)], &a[(i0+r)*lda+k], kb)
				}
			}
			for j := 0; j < p.n; j += panelCols {
				for k := k0; k < end; k += kc {
					s.t.beta = 1
					if k == 0 {
						s.t.beta = beta
					}
					s.panel(p, k, min(kc, end-k), j, p.next(k, k0, end, kc, j, panelCols), rows, s.a[rows*(k-k0):], c[i0*ldc+j:], ldc)
				}
			}
		}
		i0 += rows
	}
}

// panel computes C = A B + beta C for panelCols columns of B from column j, kb of its rows from k on, and rounded rows of A. While its tiles read that part of B again and again
// they fetch what follows, at index next, so that memory is not waited for.
func (s *bf16Scratch) panel(p *PackedBF16, k, kb, j, next, rows int, a []uint16, c []float32, ldc int) {
	t := &s.t
	most := levelBF16.shape().mr
	stride := roundUp(kb, 2)
	t.k, t.ars, t.aks, t.bks, t.crs = stride/2, uintptr(stride)*2, 4, 4*panelCols, uintptr(ldc)*4
	mask := uint32(uint64(1)<<min(panelCols, p.n-j) - 1)
	t.m0, t.m1 = uint16(mask), uint16(mask>>16)
	t.b = bf16Pair(p.data[p.index(k, j):])
	tiles := ceilDiv(rows, most)
	ahead := ceilDiv(4*panelCols, tiles)
	t.nexts = uintptr(ahead)
	for i, left := 0, tiles; i < rows; left-- {
		t.mr = ceilDiv(rows-i, left)
		t.a, t.c = bf16Pair(a[i*stride:]), &c[i*ldc]
		t.next = bf16Pair(p.data[min(next+(tiles-left)*ahead*t.k/2, len(p.data)-2):])
		tileBF16(t)
		i += t.mr
	}
}
