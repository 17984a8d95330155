package kernel

import "fmt"

// Gemv computes y = A x + beta y, one dot product a row. A is (m, n) with row
// stride lda, x is (n), y is (m).
func Gemv(m, n int, a []float32, lda int, x []float32, beta float32, y []float32) {
	checkGemv("Gemv", m, n, len(a), lda, len(x), n, len(y), m)
	if active >= levelAVX2 && m > 0 && n > 0 {
		gemvRows(m, n, a, lda, x, beta, y)
		return
	}
	for i := range m {
		var s float32
		if n > 0 {
			s = dotScalar(a[i*lda:i*lda+n], x)
		}
		y[i] = axpby(s, beta, y[i])
	}
}

// GemvT computes y = Aᵀ x + beta y, one axpy a row. A is (m, n) with row stride
// lda, x is (m), y is (n).
func GemvT(m, n int, a []float32, lda int, x []float32, beta float32, y []float32) {
	checkGemv("GemvT", m, n, len(a), lda, len(x), m, len(y), n)
	if n == 0 {
		return
	}
	y = y[:n]
	if beta == 0 {
		clear(y)
	} else if beta != 1 {
		Scale(y, beta, y)
	}
	i := 0
	if active >= levelAVX2 {
		for ; i+4 <= m; i += 4 {
			axpy4Vec(&y[0], &a[i*lda], &a[(i+1)*lda], &a[(i+2)*lda], &a[(i+3)*lda], &x[i], n)
		}
	}
	for ; i < m; i++ {
		Axpy(x[i], a[i*lda:i*lda+n], y)
	}
}

// gemvRows takes four rows at a time. When fewer are left, the last one stands in
// for the missing ones, so that each row is summed in the same order.
func gemvRows(m, n int, a []float32, lda int, x []float32, beta float32, y []float32) {
	var s [4]float32
	for i := 0; i < m; i += 4 {
		r := min(4, m-i)
		row := func(j int) *float32 { return &a[(i+min(j, r-1))*lda] }
		gemv4Vec(&x[0], row(0), row(1), row(2), row(3), &s[0], n)
		for j := range r {
			y[i+j] = axpby(s[j], beta, y[i+j])
		}
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
