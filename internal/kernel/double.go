package kernel

// Products of float64, for what float32 cannot do (internal/spd).

// tile64 is one call of a micro-kernel: C += A B with A (mr, k), B (k, two vectors), C (mr, two vectors). Strides are in bytes. The assembler reads it by offset, as
// it does tile.
type tile64 struct {
	a   *float64
	ars uintptr // row stride of A
	aks uintptr // k stride of A
	b   *float64
	bks uintptr // k stride of B
	c   *float64
	crs uintptr // row stride of C
	k   int
	mr  int
}

// Columns64 is what the columns of B and C are a multiple of.
const Columns64 = 16

// blockK64 is how much of k a tile of A and a panel of B have: 14 KiB and 16 KiB.
const blockK64 = 128

// panel64 is the width of a panel of B.
func panel64() int {
	if active == levelAVX2 {
		return 8
	}
	return Columns64
}

// Packed64 is B (k, n) in panels of two vectors.
type Packed64 struct {
	k, n int
	data []float64
}

// Pack64 packs sign·B: B (k, n) has the row stride ld. It reuses the memory of into, which may be nil. n is a multiple of Columns64.
func Pack64(into *Packed64, k, n int, b []float64, ld int, sign float64) *Packed64 {
	into = Room64(into, k, n)
	w := panel64()
	for j := 0; j < n; j += w {
		panel := into.data[j*k : (j+w)*k]
		for i := range k {
			to := panel[i*w : (i+1)*w]
			for c, v := range b[i*ld+j : i*ld+j+w] {
				to[c] = sign * v
			}
		}
	}
	return into
}

// Room64 gives packed memory of (k, n), in that of into where there is enough, for Pack64 to fill by parts: that of columns j to j+m-1 into From(j).
func Room64(into *Packed64, k, n int) *Packed64 {
	if n%Columns64 != 0 {
		panic("kernel: packed columns that are no multiple of Columns64")
	}
	if into == nil {
		into = &Packed64{}
	}
	into.k, into.n = k, n
	if cap(into.data) < k*n {
		into.data = make([]float64, k*n)
	}
	into.data = into.data[:k*n]
	return into
}

// From gives the columns from j on, a multiple of Columns64, in the same memory.
func (p *Packed64) From(j int) *Packed64 {
	return &Packed64{k: p.k, n: p.n - j, data: p.data[j*p.k:]}
}

// MulAdd64 computes C += op(A) B for C (m, b's n) of row stride ldc. A is (m, b's k) of row stride lda, with transA (b's k, m).
func MulAdd64(transA bool, m int, a []float64, lda int, b *Packed64, c []float64, ldc int) {
	w, most := panel64(), 14
	if active == levelAVX2 {
		most = 6
	}
	var rows [14 * blockK64]float64
	t := tile64{}
	for k0 := 0; k0 < b.k; k0 += blockK64 {
		kb := min(blockK64, b.k-k0)
		for i, left := 0, ceilDiv(m, most); i < m; left-- {
			mr := ceilDiv(m-i, left)
			// A is copied: its rows are often a multiple of 4 KiB apart, which share few sets of the L1 cache.
			if transA {
				for k := range kb {
					copy(rows[k*mr:(k+1)*mr], a[(k0+k)*lda+i:])
				}
				t.ars, t.aks = 8, uintptr(mr)*8
			} else {
				for r := range mr {
					copy(rows[r*kb:(r+1)*kb], a[(i+r)*lda+k0:])
				}
				t.ars, t.aks = uintptr(kb)*8, 8
			}
			t.a, t.k, t.mr, t.bks, t.crs = &rows[0], kb, mr, uintptr(w)*8, uintptr(ldc)*8
			for j := 0; j < b.n; j += w {
				panel := b.data[j*b.k+k0*w:]
				t.b, t.c = &panel[0], &c[i*ldc+j]
				switch {
				case active >= levelAVX512:
					double512(&t)
				case active == levelAVX2:
					double256(&t)
				default:
					scalar64(&t, rows[:], panel, c[i*ldc+j:], ldc)
				}
			}
			i += mr
		}
	}
}

// scalar64 is the micro-kernel in Go, sixteen columns wide.
func scalar64(t *tile64, a, b, c []float64, ldc int) {
	for r := range t.mr {
		var sums [Columns64]float64
		for k := range t.k {
			v := a[(uintptr(r)*t.ars+uintptr(k)*t.aks)/8]
			for j, x := range b[k*Columns64 : (k+1)*Columns64] {
				sums[j] += v * x
			}
		}
		for j, s := range sums {
			c[r*ldc+j] += s
		}
	}
}
