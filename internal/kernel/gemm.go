package kernel

import "fmt"

// Gemm computes C = op(A) op(B) + beta C. op(A) is (m, k), op(B) is (k, n), C is
// (m, n); op transposes where the flag is set. lda, ldb and ldc are row strides
// of the stored matrices. See the package comment for what is guaranteed about
// the bits of C.
func Gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkGemm("Gemm", transA, transB, m, n, k, len(a), lda, len(b), ldb, len(c), ldc)
	GemmRef(transA, transB, m, n, k, a, lda, b, ldb, beta, c, ldc)
}

// Packed is a frozen right-hand side of shape (k, n), laid out once by Pack for
// GemmPacked. It is immutable and may be shared by goroutines.
type Packed struct {
	k, n int
	data []float32
}

// Shape returns k and n.
func (p *Packed) Shape() (k, n int) { return p.k, p.n }

// Pack copies op(B), of shape (k, n), for GemmPacked. b is stored (k, n), or
// (n, k) when transB is set, with row stride ldb, and is not kept.
func Pack(transB bool, k, n int, b []float32, ldb int) *Packed {
	checkGemm("Pack", false, transB, 0, n, k, 0, k, len(b), ldb, 0, n)
	p := &Packed{k: k, n: n, data: make([]float32, k*n)}
	for i := range k {
		for j := range n {
			if transB {
				p.data[i*n+j] = b[j*ldb+i]
			} else {
				p.data[i*n+j] = b[i*ldb+j]
			}
		}
	}
	return p
}

// GemmPacked computes C = A op(B) + beta C with the op(B) given to Pack. A is
// (m, k) with row stride lda, C is (m, n) with row stride ldc. The bits of C are
// those of Gemm.
func GemmPacked(m int, a []float32, lda int, p *Packed, beta float32, c []float32, ldc int) {
	if m < 0 {
		panic(fmt.Sprintf("kernel: GemmPacked: negative size m=%d", m))
	}
	checkMat("GemmPacked", "a", m, p.k, len(a), lda)
	checkMat("GemmPacked", "c", m, p.n, len(c), ldc)
	GemmRef(false, false, m, p.n, p.k, a, lda, p.data, p.n, beta, c, ldc)
}

// Gemv computes y = A x + beta y, one dot product a row. A is (m, n) with row
// stride lda, x is (n), y is (m).
func Gemv(m, n int, a []float32, lda int, x []float32, beta float32, y []float32) {
	checkGemv("Gemv", m, n, len(a), lda, len(x), n, len(y), m)
	for i := range m {
		y[i] = axpby(Dot(a[i*lda:i*lda+n], x[:n]), beta, y[i])
	}
}

// GemvT computes y = Aᵀ x + beta y, one axpy a row. A is (m, n) with row stride
// lda, x is (m), y is (n).
func GemvT(m, n int, a []float32, lda int, x []float32, beta float32, y []float32) {
	checkGemv("GemvT", m, n, len(a), lda, len(x), m, len(y), n)
	y = y[:n]
	if beta == 0 {
		clear(y)
	} else if beta != 1 {
		Scale(y, beta, y)
	}
	for i := range m {
		Axpy(x[i], a[i*lda:i*lda+n], y)
	}
}

func axpby(s, beta, y float32) float32 {
	if beta == 0 {
		return s
	}
	return s + beta*y
}

func checkGemv(name string, m, n, na, lda, nx, wx, ny, wy int) {
	if m < 0 || n < 0 {
		panic(fmt.Sprintf("kernel: %s: negative size m=%d n=%d", name, m, n))
	}
	checkMat(name, "a", m, n, na, lda)
	if nx < wx || ny < wy {
		panic(fmt.Sprintf("kernel: %s: x has %d elements, want %d; y has %d, want %d", name, nx, wx, ny, wy))
	}
}
