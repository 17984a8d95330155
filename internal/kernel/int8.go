package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	int8Most   = 6       // rows of a kernel call
	int8Header = 16      // bytes before a row of quantised activations: scale, 128 times the sums of high and low bytes
	int8MaxK   = 1 << 17 // sums of more products would not fit in 32 bits
	x16Max     = 127 << 8
	leastInt8  = 1e-30 // magnitude below which a row or column counts as zeros
)

// PackedInt8 is a frozen right-hand side of shape (k, n) in 8 bits: every column has a scale of its own, the largest magnitude in
// it over 127. Made by PackInt8 for GemmInt8, it is immutable, may be shared by goroutines, and is the same on every instruction set.
type PackedInt8 struct {
	k, n, steps int // steps of 8 k
	data        []byte
	scale       []float32 // (n), filled up with zeros to whole panels
}

// Shape returns k and n.
func (p *PackedInt8) Shape() (k, n int) { return p.k, p.n }

// Bytes returns the size of what a product reads: weights and scales.
func (p *PackedInt8) Bytes() int { return len(p.data) + 4*len(p.scale) }

// PackInt8 rounds op(B), of shape (k, n), for GemmInt8. b is stored (k, n), or (n, k) when transB is set, as the weights of a linear layer
// are, with row stride ldb, and is not kept. Weights must be finite; a column whose largest magnitude is below 1e-30 counts as zeros. k is at most 131072.
func PackInt8(transB bool, k, n int, b []float32, ldb int) *PackedInt8 {
	checkGemm("PackInt8", false, transB, 0, n, k, 0, k, len(b), ldb, 0, n)
	if k > int8MaxK {
		panic(fmt.Sprintf("kernel: PackInt8: k=%d is more than %d", k, int8MaxK))
	}
	p := &PackedInt8{k: k, n: n, steps: ceilDiv(k, 8)}
	cols := roundUp(n, panelCols)
	p.scale = make([]float32, cols)
	p.data = make([]byte, cols*p.steps*8)
	if k == 0 {
		return p
	}
	column := make([]float32, roundUp(k, 4)) // with zeros at its end
	for j := range n {
		if transB {
			copy(column, b[j*ldb:j*ldb+k])
		} else {
			for q := range k {
				column[q] = b[q*ldb+j]
			}
		}
		p.pack(j, column)
	}
	return p
}

// pack rounds a column, of a multiple of four weights.
func (p *PackedInt8) pack(j int, column []float32) {
	var bits uint32 // magnitudes are in the order of their bits
	for _, v := range column {
		bits = max(bits, math.Float32bits(v)&^(1<<31))
	}
	most := math.Float32frombits(bits)
	var up float32
	if most >= leastInt8 {
		p.scale[j], up = most/127, 127/most
	}
	to := p.data[p.index(0, j):]
	for q := 0; q < len(column); q += 4 {
		c := column[q : q+4]
		binary.LittleEndian.PutUint32(to[q/4*4*panelCols:], int8Of(c[0]*up)|int8Of(c[1]*up)<<8|int8Of(c[2]*up)<<16|int8Of(c[3]*up)<<24)
	}
}

// int8Of rounds a number from -127 to 127, ties to even, and adds 128. Next to 1.5 · 2^23 the last bit of a float counts ones.
func int8Of(x float32) uint32 {
	const ones = 3 << 22
	return (math.Float32bits(x+ones) + 128) & 255
}

// index is the place of the weight (q, j).
func (p *PackedInt8) index(q, j int) int {
	return (j/panelCols*p.steps*2+q/4)*4*panelCols + j%panelCols*4 + q%4
}

// GemmInt8 computes C = A op(B) + beta C with the op(B) given to PackInt8. A is (m, k) with row stride lda, C is (m, n) with row stride ldc.
// Rows of A are rounded to 16 bits, each with a scale of its own, and their products with the weights are summed exactly, so that a row's
// result does not depend on m, and for beta 0 or 1 is the same on every instruction set. A few rows run at the speed of memory. A row that
// holds NaN or Inf gives NaN; one whose largest magnitude is below 1e-30 counts as zeros.
func GemmInt8(m int, a []float32, lda int, p *PackedInt8, beta float32, c []float32, ldc int) {
	checkPacked("GemmInt8", m, p.n, p.k, len(a), lda, len(c), ldc)
	if m == 0 || p.n == 0 {
		return
	}
	if p.k == 0 {
		scaleRows(m, p.n, beta, c, ldc)
		return
	}
	buf := rowBuffers.Get().(*rowBuffer)
	defer rowBuffers.Put(buf)
	unit := 2 // bytes of a quantised number
	if active >= levelAVX2 && active < levelVNNI {
		unit = 4
	}
	stride := int8Header + unit*roundUp(p.k, 16)
	if cap(buf.bytes) < m*stride {
		buf.bytes = make([]byte, m*stride)
	}
	x := buf.bytes[:m*stride]
	for i := range m {
		row := x[i*stride : (i+1)*stride]
		clear(row[len(row)-16*unit:])
		quantise(row, a[i*lda:i*lda+p.k])
	}
	if active < levelAVX2 {
		for i := range m {
			p.scalar(x[i*stride:], beta, c[i*ldc:i*ldc+p.n])
		}
		return
	}
	buf.args = narrowArgs{xs: uintptr(stride), steps: p.steps, beta: beta}
	var wide func(*narrowArgs)
	if active >= levelVNNI {
		wide = int8Panels512
	}
	buf.panels(m, p.n, int8Most, p.steps*8*panelCols, x, p.data, p.scale, wide, int8Panel256, c, ldc)
}

// quantise writes a row of activations as dst wants it: a header, then for every four numbers their high and their low bytes, as words for AVX2.
func quantise(dst []byte, x []float32) {
	var bits uint32
	switch {
	case active >= levelVNNI:
		bits = absMax512(&x[0], len(x))
	case active >= levelAVX2:
		bits = absMax256(&x[0], len(x))
	default:
		for _, v := range x {
			bits = max(bits, math.Float32bits(v)&^(1<<31))
		}
	}
	most := math.Float32frombits(bits)
	scale, inv := most/x16Max, x16Max/most
	switch {
	case bits >= 0x7f800000: // NaN or infinite
		scale, inv = float32(math.NaN()), 0
	case most < leastInt8:
		scale, inv = 0, 0
	}
	var high, low int32
	body := dst[int8Header:]
	switch {
	case active >= levelVNNI:
		high, low = split512(&body[0], &x[0], len(x), inv)
	case active >= levelAVX2:
		high, low = split256(&body[0], &x[0], len(x), inv)
	default:
		high, low = splitScalar(body, x, inv)
	}
	binary.LittleEndian.PutUint32(dst, math.Float32bits(scale))
	binary.LittleEndian.PutUint32(dst[4:], uint32(128*high))
	binary.LittleEndian.PutUint32(dst[8:], uint32(128*low))
}

func splitScalar(dst []byte, x []float32, inv float32) (high, low int32) {
	for i, v := range x {
		var r int32
		if inv != 0 {
			r = int32(math.RoundToEven(float64(v * inv)))
		}
		h := (r + 128) >> 8
		l := r - h<<8
		dst[i/4*8+i%4], dst[i/4*8+4+i%4] = byte(h), byte(l)
		high += h
		low += l
	}
	return high, low
}

// scalar computes one row of GemmInt8, and is the oracle of the kernels.
func (p *PackedInt8) scalar(x []byte, beta float32, y []float32) {
	scale := math.Float32frombits(binary.LittleEndian.Uint32(x))
	x = x[int8Header:]
	for j := range y {
		var high, low int32
		for q := range p.k {
			w := int32(p.data[p.index(q, j)]) - 128
			high += w * int32(int8(x[q/4*8+q%4]))
			low += w * int32(int8(x[q/4*8+4+q%4]))
		}
		v := float32(float64(float32(high))*256 + float64(float32(low)))
		y[j] = axpby(v*(scale*p.scale[j]), beta, y[j])
	}
}
