package kernel

import "fmt"

// Gemm computes C = op(A) op(B) + beta C. op(A) is (m, k), op(B) is (k, n), C is
// (m, n); op transposes where the flag is set. lda, ldb and ldc are row strides
// of the stored matrices. See the package comment for what is guaranteed about
// the bits of C.
func Gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkGemm("Gemm", transA, transB, m, n, k, len(a), lda, len(b), ldb, len(c), ldc)
	switch {
	case m == 0 || n == 0:
	case active == levelScalar || k == 0:
		GemmRef(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc)
	default:
		gemmBlocked(active, transA, m, n, k, a, lda, right{data: b, ld: ldb, trans: transB}, beta, c, ldc)
	}
}

// Sides of the tiles of a symmetric result.
const (
	gramRows    = 256
	gramColumns = 512
)

// Gram computes the upper triangle of C = A^T B (n, n), for A and B (k, n) whose product is symmetric, at little more than half the cost of Gemm. Below the
// diagonal C holds nothing of use afterwards.
func Gram(n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	for i := 0; i < n; i += gramRows {
		Gemm(true, false, min(gramRows, n-i), n-i, k, a[i:], lda, b[i:], ldb, 0, c[i*ldc+i:], ldc)
	}
}

// GramAdd adds the upper triangle of A^T A (n, n), for A (k, n), to C, by tiles that threads share; C has the same bits for any number of them. Below the diagonal C
// holds nothing of use afterwards.
func GramAdd(threads, n, k int, a []float32, lda int, c []float32, ldc int) {
	var tiles [][2]int
	for i := 0; i < n; i += gramRows {
		for j := i; j < n; j += gramColumns {
			tiles = append(tiles, [2]int{i, j})
		}
	}
	Spread(threads, len(tiles), func(t int) {
		i, j := tiles[t][0], tiles[t][1]
		Gemm(true, false, min(gramRows, n-i), min(gramColumns, n-j), k, a[i:], lda, a[j:], lda, 1, c[i*ldc+j:], ldc)
	})
}

// GramRows computes the upper triangle of C = A A^T (m, m) for A (m, k), at little more than half the cost of Gemm, by rows that threads share. Below the
// diagonal C holds nothing of use afterwards.
func GramRows(threads, m, k int, a []float32, lda int, c []float32, ldc int) {
	const rows = gramRows / 4 // m is small where this is of use
	Spread(threads, ceilDiv(m, rows), func(b int) {
		i := b * rows
		Gemm(false, true, min(rows, m-i), m-i, k, a[i*lda:], lda, a[i*lda:], lda, 0, c[i*ldc+i:], ldc)
	})
}

// Packed is a frozen right-hand side of shape (k, n), laid out once by Pack for
// GemmPacked. It is immutable and may be shared by goroutines.
type Packed struct {
	k, n int
	lv   level // the instruction set that data is laid out for
	data []float32
}

// Shape returns k and n.
func (p *Packed) Shape() (k, n int) { return p.k, p.n }

// Pack copies op(B), of shape (k, n), for GemmPacked. b is stored (k, n), or
// (n, k) when transB is set, with row stride ldb, and is not kept.
func Pack(transB bool, k, n int, b []float32, ldb int) *Packed {
	checkGemm("Pack", false, transB, 0, n, k, 0, k, len(b), ldb, 0, n)
	p := &Packed{k: k, n: n, lv: active}
	if k == 0 || n == 0 {
		return p
	}
	src := right{data: b, ld: ldb, trans: transB}
	if p.lv == levelScalar {
		p.data = make([]float32, k*n)
		packEdge(p.data, n, k, n, src, 0, 0)
		return p
	}
	nr := p.lv.shape().nr
	nPad := roundUp(n, nr)
	p.data = make([]float32, k*nPad)
	kc := kBlock(k)
	for k0 := 0; k0 < k; k0 += kc {
		packB(p.lv, p.data[k0*nPad:], min(kc, k-k0), n, src, k0, 0)
	}
	return p
}

// GemmPacked computes C = A op(B) + beta C with the op(B) given to Pack. A is
// (m, k) with row stride lda, C is (m, n) with row stride ldc. On AVX-512
// and AVX2 the bits of C are those of Gemm.
func GemmPacked(m int, a []float32, lda int, p *Packed, beta float32, c []float32, ldc int) {
	if m < 0 {
		panic(fmt.Sprintf("kernel: GemmPacked: negative size m=%d", m))
	}
	checkMat("GemmPacked", "a", m, p.k, len(a), lda)
	checkMat("GemmPacked", "c", m, p.n, len(c), ldc)
	switch {
	case m == 0 || p.n == 0:
	case p.lv == levelScalar || p.k == 0:
		GemmRef(false, false, m, p.n, p.k, a, lda, p.data, p.n, beta, c, ldc)
	default:
		gemmBlocked(p.lv, false, m, p.n, p.k, a, lda, right{data: p.data, packed: true}, beta, c, ldc)
	}
}
