package kernel

import "fmt"

// Float is the element type of the scalar oracle.
type Float interface{ ~float32 | ~float64 }

// GemmRef computes C = op(A) op(B) + beta C in plain Go and is the oracle of
// Gemm; in float64 it serves gradient checks. op(A) is (m, k), op(B) is (k, n),
// C is (m, n); op transposes where the flag is set. lda, ldb and ldc are row
// strides of the stored matrices. Sums run in rising order of k.
func GemmRef[T Float](transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	checkGemm("GemmRef", transA, transB, m, n, k, len(a), lda, len(b), ldb, len(c), ldc)
	if n == 0 {
		return
	}
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		switch beta {
		case 0:
			clear(row)
		case 1:
		default:
			for j := range row {
				row[j] *= beta
			}
		}
		if k == 0 {
			continue
		}
		ai, as := i*lda, 1
		if transA {
			ai, as = i, lda
		}
		if transB {
			for j := range row {
				bj, sum := b[j*ldb:], T(0)
				for p, q := 0, ai; p < k; p, q = p+1, q+as {
					sum += a[q] * bj[p]
				}
				row[j] += sum
			}
			continue
		}
		for p, q := 0, ai; p < k; p, q = p+1, q+as {
			x, bp := a[q], b[p*ldb:p*ldb+n]
			for j := range row {
				row[j] += x * bp[j]
			}
		}
	}
}

// checkGemm panics unless the slices hold the matrices that a product needs.
func checkGemm(name string, transA, transB bool, m, n, k, na, lda, nb, ldb, nc, ldc int) {
	if m < 0 || n < 0 || k < 0 {
		panic(fmt.Sprintf("kernel: %s: negative size m=%d n=%d k=%d", name, m, n, k))
	}
	ar, ac, br, bc := m, k, k, n
	if transA {
		ar, ac = k, m
	}
	if transB {
		br, bc = n, k
	}
	checkMat(name, "a", ar, ac, na, lda)
	checkMat(name, "b", br, bc, nb, ldb)
	checkMat(name, "c", m, n, nc, ldc)
}

// checkMat panics unless a slice of the given length holds a (rows, cols)
// matrix of row stride ld.
func checkMat(name, arg string, rows, cols, length, ld int) {
	if rows == 0 || cols == 0 {
		return
	}
	if ld < cols || length < cols || (length-cols)/ld < rows-1 {
		panic(fmt.Sprintf("kernel: %s: %s has %d elements, want (%d, %d) with stride %d", name, arg, length, rows, cols, ld))
	}
}

// checkLen panics unless two vector arguments have the same length.
func checkLen(name, arg string, got, want int) {
	if got != want {
		panicLen(name, arg, got, want)
	}
}

func panicLen(name, arg string, got, want int) {
	panic(fmt.Sprintf("kernel: %s: %s has %d elements, want %d", name, arg, got, want))
}
