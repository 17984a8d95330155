package kernel

// Sizes of the tiles of AMX: four of them hold 32 rows by 32 columns of C, and a step takes 32 k.
const (
	amxRows = 32
	amxK    = 32
)

// amxShapes configures eight tiles of 16 rows of 64 bytes (palette 1): bytes a row from byte 16 on, rows from byte 48 on.
var amxShapes = func() (c [64]byte) {
	c[0] = 1
	for t := range 8 {
		c[16+2*t], c[48+t] = 64, 16
	}
	return c
}()

// amxPanel is one call of the kernel: C = A B + (sum) C for blocks of 32 rows and a panel of 32 columns. Strides are in bytes. The assembler reads it by offset.
type amxPanel struct {
	a      *uint16 // (32 blocks, k), k filled up with zeros to a multiple of 32
	ars    uintptr
	b      *uint16 // as PackedBF16 has it
	c      *float32
	crs    uintptr
	blocks int
	shapes *[64]byte
	steps  int     // whole ones, of 32 k
	tail   *uint16 // a last step of B that is filled up with zeros; nil: none
	sum    int     // 0: C is not read
}

// amxScratch is what a product by AMX needs besides.
type amxScratch struct {
	x    amxPanel
	tail [amxK * panelCols]uint16
	edge [amxRows * panelCols]float32
}

// panel is bf16Scratch.panel by AMX, with C = A B or C += A B. a has the stride roundUp(kb, amxK), zeros between kb and that, and memory up to a multiple of amxRows rows; what
// the rows past the last one hold does not matter.
func (s *amxScratch) panel(p *PackedBF16, k, kb, j, rows int, a []uint16, sum bool, c []float32, ldc int) {
	x, stride := &s.x, roundUp(kb, amxK)
	x.ars, x.b, x.shapes, x.steps, x.tail, x.sum = uintptr(stride)*2, &p.data[p.index(k, j)], &amxShapes, kb/amxK, nil, 0
	if sum {
		x.sum = 1
	}
	if rest := kb % amxK; rest > 0 {
		n := copy(s.tail[:roundUp(rest, 2)*panelCols], p.data[p.index(k+kb-rest, j):])
		clear(s.tail[n:])
		x.tail = &s.tail[0]
	}
	cols, whole := min(panelCols, p.n-j), rows/amxRows
	if cols < panelCols {
		whole = 0
	}
	if x.blocks = whole; whole > 0 {
		x.a, x.c, x.crs = &a[0], &c[0], uintptr(ldc)*4
		panelAMX(x)
	}
	// Tiles are stored whole, so what is narrower or has fewer rows goes through a copy.
	for i := whole * amxRows; i < rows; i += amxRows {
		n := min(amxRows, rows-i)
		if sum {
			for r := range n {
				copy(s.edge[r*panelCols:][:cols], c[(i+r)*ldc:])
			}
		}
		x.a, x.c, x.crs, x.blocks = &a[i*stride], &s.edge[0], 4*panelCols, 1
		panelAMX(x)
		for r := range n {
			copy(c[(i+r)*ldc:][:cols], s.edge[r*panelCols:])
		}
	}
}

// release keeps no operand alive.
func (s *amxScratch) release() { s.x.a, s.x.b, s.x.c, s.x.tail = nil, nil, nil, nil }
