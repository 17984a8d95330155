package kernel

import (
	"math"
	"unsafe"
)

// bf16Most is the number of rows of a kernel call.
const bf16Most = 3

// PackedBF16 is a frozen right-hand side of shape (k, n) in bfloat16. Made by PackBF16 for GemvBF16, it is immutable, may be
// shared by goroutines, and is the same on every instruction set.
type PackedBF16 struct {
	k, n, steps int // steps of 4 k
	data        []uint16
}

// Shape returns k and n.
func (p *PackedBF16) Shape() (k, n int) { return p.k, p.n }

// Bytes returns the size of what a product reads.
func (p *PackedBF16) Bytes() int { return 2 * len(p.data) }

// PackBF16 rounds op(B), of shape (k, n), to bfloat16, ties to even. b is stored (k, n), or (n, k) when transB is set, as the weights
// of a linear layer are, with row stride ldb, and is not kept.
func PackBF16(transB bool, k, n int, b []float32, ldb int) *PackedBF16 {
	checkGemm("PackBF16", false, transB, 0, n, k, 0, k, len(b), ldb, 0, n)
	p := newPackedBF16(k, n)
	rs, cs := ldb, 1 // strides of k and n
	if transB {
		rs, cs = 1, ldb
	}
	for j := 0; j < n; j += panelCols {
		cols := min(panelCols, n-j)
		for q := range k {
			out := p.data[p.index(q, j):]
			for c := range cols {
				out[2*c] = bf16(b[q*rs+(j+c)*cs])
			}
		}
	}
	return p
}

func newPackedBF16(k, n int) *PackedBF16 {
	p := &PackedBF16{}
	p.fit(k, n)
	return p
}

// fit makes p of shape (k, n), in its own memory where there is enough. New memory is zero, old memory is as it was.
func (p *PackedBF16) fit(k, n int) {
	p.k, p.n, p.steps = k, n, ceilDiv(k, 4)
	size := roundUp(n, panelCols) * p.steps * 4
	if cap(p.data) < size {
		p.data = make([]uint16, size)
	}
	p.data = p.data[:size]
}

// pairs views what is packed as pairs of rows.
func (p *PackedBF16) pairs() []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(&p.data[0])), len(p.data)/2)
}

// pair rounds the rows q and q+1 of b (k, n), zeros where there is no second, and lays them side by side. Its scratch is two rows of n+16: rounding writes whole vectors.
func (p *PackedBF16) pair(q int, b []float32, ldb int, first, second []uint16) {
	roundBF16(&first[0], &b[q*ldb], p.n)
	if q+1 < p.k {
		roundBF16(&second[0], &b[(q+1)*ldb], p.n)
	} else {
		clear(second)
	}
	for j := 0; j < p.n; j += panelCols {
		to, one, two := p.pairs()[p.index(q, j)/2:], first[j:min(j+panelCols, p.n)], second[j:]
		to, two = to[:len(one)], two[:len(one)]
		for i, v := range one {
			to[i] = uint32(v) | uint32(two[i])<<16
		}
	}
}

// Turned gives the transpose of p, (n, k): what PackBF16 makes of the same numbers with the other transB.
func (p *PackedBF16) Turned() *PackedBF16 {
	t := newPackedBF16(p.n, p.k)
	for j := 0; j < p.n; j += panelCols {
		cols := min(panelCols, p.n-j)
		for q := range p.k {
			in, out := p.data[p.index(q, j):], t.data[t.index(j, q):]
			for c := range cols {
				out[c/2*2*panelCols+c%2] = in[2*c]
			}
		}
	}
	return t
}

// Unpacked gives op(B)ᵀ, (n, k), in float32: the weights of a linear layer as they were rounded.
func (p *PackedBF16) Unpacked() []float32 {
	b := make([]float32, p.n*p.k)
	for j := range p.n {
		for q := range p.k {
			b[j*p.k+q] = fromBF16(p.data[p.index(q, j)])
		}
	}
	return b
}

// index is the place of the weight (q, j).
func (p *PackedBF16) index(q, j int) int {
	return (j/panelCols*p.steps*2+q/2)*2*panelCols + j%panelCols*2 + q%2
}

// bf16 rounds to the upper half of a float, ties to even; NaN stays NaN.
func bf16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 1<<6
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func fromBF16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// GemvBF16 computes C = A op(B) + beta C with the op(B) given to PackBF16, for the few rows of the decode path, at the speed of memory.
// A is (m, k) with row stride lda, C is (m, n) with row stride ldc. A stays in float32 and so do the sums; a row's result
// does not depend on m. AVX-512 and AVX2 agree bit for bit.
func GemvBF16(m int, a []float32, lda int, p *PackedBF16, beta float32, c []float32, ldc int) {
	checkPacked("GemvBF16", m, p.n, p.k, len(a), lda, len(c), ldc)
	switch {
	case m == 0 || p.n == 0:
		return
	case p.k == 0:
		scaleRows(m, p.n, beta, c, ldc)
		return
	case active < levelAVX2:
		for i := range m {
			p.scalar(a[i*lda:i*lda+p.k], beta, c[i*ldc:i*ldc+p.n])
		}
		return
	}
	buf := rowBuffers.Get().(*rowBuffer)
	defer rowBuffers.Put(buf)
	if p.k%4 != 0 { // kernels read whole steps
		wide := 4 * p.steps
		if cap(buf.rows) < m*wide {
			buf.rows = make([]float32, m*wide)
		}
		rows := buf.rows[:m*wide]
		for i := range m {
			copy(rows[i*wide:], a[i*lda:i*lda+p.k])
			clear(rows[i*wide+p.k : (i+1)*wide])
		}
		a, lda = rows, wide
	}
	buf.args = narrowArgs{xs: uintptr(lda) * 4, steps: p.steps, beta: beta}
	var wide func(*narrowArgs)
	if active >= levelAVX512 {
		wide = bf16Panels512
	}
	buf.panels(m, p.n, bf16Most, p.steps*8*panelCols, bytesOf(a), bytesOf(p.data), nil, wide, bf16Panel256, c, ldc)
}

// bf16Pair views the first two numbers of x as a tile does.
func bf16Pair(x []uint16) *float32 { return (*float32)(unsafe.Pointer(&x[0])) }

// bytesOf views a slice's memory.
func bytesOf[T uint16 | float32](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

// scalar computes one row of GemvBF16, and is the oracle of the kernels.
func (p *PackedBF16) scalar(x []float32, beta float32, y []float32) {
	for j := range y {
		var s float32
		for q, v := range x {
			s += v * fromBF16(p.data[p.index(q, j)])
		}
		y[j] = axpby(s, beta, y[j])
	}
}
