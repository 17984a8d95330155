package kernel

import (
	"fmt"
	"sync"
)

// panelCols is the number of columns of a panel of 8 or 16 bit weights, on every
// instruction set.
const panelCols = 32

// narrowArgs is one call of a kernel for 8 or 16 bit weights. Strides are in
// bytes. The assembler reads it by offset.
type narrowArgs struct {
	x      *byte    // rows of activations
	xs     uintptr  // their stride
	w      *byte    // panels
	scale  *float32 // one a column, 8 bit weights only
	y      *float32
	ys     uintptr // row stride of y
	steps  int     // a panel
	panels int
	rows   int
	beta   float32
	m0, m1 uint16 // columns of the first and second 16 to write; AVX-512 only
}

// rowBuffer is what one product needs besides its operands: activations as a kernel wants them, and a panel of results.
type rowBuffer struct {
	args  narrowArgs
	bytes []byte
	rows  []float32
	y     [panelCols]float32
}

var rowBuffers = sync.Pool{New: func() any { return new(rowBuffer) }}

// panels walks over the panels of a product of m rows: full ones together where rows of x are few, so that weights are read once, and
// otherwise panel by panel, so that a panel stays in the cache for all rows. wide is the AVX-512 kernel, which takes up to most rows;
// without one, narrow computes one panel of one row into 32 floats.
func (b *rowBuffer) panels(m, n, most, panelBytes int, x []byte, w []byte, scale []float32, wide, narrow func(*narrowArgs), y []float32, ldy int) {
	a := &b.args
	defer func() { a.x, a.w, a.scale, a.y = nil, nil, nil, nil }() // keeps nothing alive
	at := func(i, j int) {
		a.x, a.w, a.y = &x[i*int(a.xs)], &w[j/panelCols*panelBytes], &y[i*ldy+j]
		if scale != nil {
			a.scale = &scale[j]
		}
	}
	a.ys = uintptr(ldy) * 4
	full := n / panelCols
	if wide == nil {
		for j := 0; j < n; j += panelCols {
			cols := min(panelCols, n-j)
			for i := range m {
				at(i, j)
				out := y[i*ldy+j : i*ldy+j+cols]
				if cols == panelCols && a.beta == 0 {
					narrow(a)
					continue
				}
				a.y = &b.y[0]
				narrow(a)
				for c, v := range b.y[:cols] {
					out[c] = axpby(v, a.beta, out[c])
				}
			}
		}
		return
	}
	a.m0, a.m1 = 1<<16-1, 1<<16-1
	step := 1
	if m <= most {
		step = max(full, 1)
	}
	for p := 0; p < full; p += step {
		a.panels = step
		for i := 0; i < m; i += a.rows {
			a.rows = min(most, m-i)
			at(i, p*panelCols)
			wide(a)
		}
	}
	if last := n % panelCols; last > 0 {
		mask := uint32(1)<<last - 1
		a.m0, a.m1, a.panels = uint16(mask), uint16(mask>>16), 1
		for i := 0; i < m; i += a.rows {
			a.rows = min(most, m-i)
			at(i, full*panelCols)
			wide(a)
		}
	}
}

// checkPacked panics unless the operands of a product with a packed (k, n) have the right sizes.
func checkPacked(name string, m, n, k, na, lda, nc, ldc int) {
	if m < 0 {
		panic(fmt.Sprintf("kernel: %s: negative size m=%d", name, m))
	}
	checkMat(name, "a", m, k, na, lda)
	checkMat(name, "c", m, n, nc, ldc)
}

// scaleRows computes C = beta C, for products over an empty k.
func scaleRows(m, n int, beta float32, c []float32, ldc int) {
	for i := range m {
		for j := range n {
			c[i*ldc+j] = axpby(0, beta, c[i*ldc+j])
		}
	}
}
