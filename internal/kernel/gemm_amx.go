package kernel

import "unsafe"

const (
	amxRows    = 32  // rows of the four tiles that hold sums, and columns: a panel of B
	amxK       = 32  // k of a step
	amxAhead   = 256 // bytes of the next block of B that are fetched in a step: the eight rows of tiles of a full block fetch all of it
	amxColumns = 512 // columns of B and C that one loop over the rows of A walks over: with bf16Rows and bf16K they stay in L2
)

// amxShapes configures eight tiles of 16 rows of 64 bytes (palette 1): bytes a row from byte 16 on, rows from byte 48 on.
var amxShapes = func() (c [64]byte) {
	c[0] = 1
	for t := range 8 {
		c[16+2*t], c[48+t] = 64, 16
	}
	return c
}()

// amxPanels is one call of the kernel: C = A B + (sum) C for 32 rows and panels of 32 columns. Strides are in bytes. The assembler reads it by offset.
type amxPanels struct {
	a      *uint16 // (32, k), k filled up with zeros to a multiple of 32
	ars    uintptr
	b      *uint16 // as PackedBF16 has it
	c      *float32
	crs    uintptr
	panels int
	tails  *uint16 // a last step of every panel of B that is filled up with zeros; nil: none
	shapes *[64]byte
	bps    uintptr // from panel to panel of B
	steps  int     // whole ones
	sum    int     // 0: C is not read
	next   uintptr // of B, what is fetched to the second-level cache meanwhile, amxAhead bytes a step; the kernel moves it, past the end too
}

// amxScratch is what a product by AMX needs besides its operands.
type amxScratch struct {
	x     amxPanels
	tails [amxColumns / panelCols][amxK * panelCols]uint16
	edge  [amxRows * amxColumns]float32
}

// tiled is blocked by AMX. A row's result does not depend on m.
func (p *PackedBF16) tiled(m int, a []float32, lda int, beta float32, c []float32, ldc int) {
	if beta != 0 && beta != 1 {
		scaleRows(m, p.n, beta, c, ldc)
		beta = 1
	}
	s := bf16Scratches.Get().(*bf16Scratch)
	defer s.release()
	const most = bf16Rows / amxRows * amxRows
	some, kc := roundUp(ceilDiv(m, ceilDiv(m, most)), amxRows), bf16Chain(p.k, amxK)
	for i := 0; i < m; i += some {
		rows := min(some, m-i)
		for k0 := 0; k0 < p.k; k0 += bf16Chains * kc {
			end := min(k0+bf16Chains*kc, p.k)
			for k := k0; k < end; k += kc {
				kb := min(kc, end-k)
				stride := roundUp(kb, amxK)
				for r := range rows {
					row := s.a[rows*(k-k0)+r*stride:]
					roundBF16(&row[0], &a[(i+r)*lda+k], kb)
					clear(row[kb:stride])
				}
			}
			for j := 0; j < p.n; j += amxColumns {
				for k := k0; k < end; k += kc {
					s.amx.block(p, k, min(kc, end-k), j, min(amxColumns, p.n-j), p.next(k, k0, end, kc, j, amxColumns), rows, s.a[rows*(k-k0):], k > 0 || beta != 0, c[i*ldc+j:], ldc)
				}
			}
		}
	}
}

// block computes C = A B, or C += A B where sum is set, for kb rows of B from row k and at most amxColumns columns from a panel's first one, j, where C begins. a has the stride
// roundUp(kb, amxK), zeros between kb and that, and memory up to a multiple of amxRows rows; what is beyond rows does not matter.
func (s *amxScratch) block(p *PackedBF16, k, kb, j, columns, next, rows int, a []uint16, sum bool, c []float32, ldc int) {
	x, stride := &s.x, roundUp(kb, amxK)
	x.ars, x.shapes, x.bps, x.steps, x.tails, x.sum = uintptr(stride)*2, &amxShapes, uintptr(p.steps)*8*panelCols, kb/amxK, nil, 0
	if sum {
		x.sum = 1
	}
	if rest := kb % amxK; rest > 0 {
		for i := range ceilDiv(columns, panelCols) {
			n := copy(s.tails[i][:roundUp(rest, 2)*panelCols], p.data[p.index(k+kb-rest, j+i*panelCols):])
			clear(s.tails[i][n:])
		}
		x.tails = &s.tails[0][0]
	}
	x.panels = ceilDiv(columns, panelCols)
	for i := 0; i < rows; i += amxRows {
		x.a, x.next = &a[i*stride], uintptr(unsafe.Pointer(&p.data[next]))+uintptr(i/amxRows*(kb/amxK)*amxAhead)
		x.b, x.c, x.crs = &p.data[p.index(k, j)], &c[i*ldc], uintptr(ldc)*4
		if rows-i >= amxRows && columns%panelCols == 0 {
			panelsAMX(x)
			continue
		}
		// Tiles are stored whole, so what has fewer rows or columns goes through a copy of C.
		some := min(amxRows, rows-i)
		if sum {
			for r := range some {
				copy(s.edge[r*amxColumns:][:columns], c[(i+r)*ldc:])
			}
		}
		x.c, x.crs = &s.edge[0], 4*amxColumns
		panelsAMX(x)
		for r := range some {
			copy(c[(i+r)*ldc:][:columns], s.edge[r*amxColumns:])
		}
	}
}

// release keeps no operand alive.
func (s *amxScratch) release() { s.x.a, s.x.b, s.x.c, s.x.tails = nil, nil, nil, nil }
