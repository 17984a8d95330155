package kernel

import "sync"

const (
	blockK = 512 // longest chain of multiply-adds kept in registers
	blockN = 256 // columns of B packed at a time: blockK*blockN floats are 512 KiB, half of L2
	tilesA = 8   // tiles of a transposed A packed at a time
	chunkK = 16  // rows packed at a time, over all tiles or panels, while in L1
)

// tile is one call of a micro-kernel: C = A B + beta C with A (mr, k), B (k, nr),
// C (mr, nr). Strides are in bytes. The assembler reads it by offset.
type tile struct {
	a      *float32
	ars    uintptr // row stride of A
	aks    uintptr // k stride of A
	b      *float32
	bks    uintptr // k stride of B
	c      *float32
	crs    uintptr // row stride of C
	k      int
	mr     int
	m0, m1 uint16 // columns of the first and second 16; AVX-512 only
	beta   float32
	next   *float32 // what is fetched to the second-level cache meanwhile; AVX-512 only
	nexts  uintptr  // bytes of it for each k
}

// scratch is what one product needs besides its operands.
type scratch struct {
	t tile
	b [blockK * blockN]float32
	a [tilesA * blockK * 16]float32
	c [6 * 16]float32
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// shape is the tile of an instruction set.
type shape struct{ mr, nr int }

func (l level) shape() shape {
	switch {
	case l >= levelAVX512:
		return shape{14, 32}
	case l == levelAVX2:
		return shape{6, 16}
	default:
		return shape{8, 8}
	}
}

// strideA is the row stride, in floats, of a packed tile of a transposed A.
func (l level) strideA() int {
	if l >= levelAVX512 {
		return 16
	}
	return 8
}

// kBlock returns the length of the blocks of k: as few as blockK allows and all
// but the last of one length. It must depend on k alone, for determinism.
func kBlock(k int) int {
	blocks := ceilDiv(k, blockK)
	if blocks <= 1 {
		return k
	}
	return roundUp(ceilDiv(k, blocks), 4)
}

func ceilDiv(x, by int) int { return (x + by - 1) / by }

func roundUp(x, to int) int { return ceilDiv(x, to) * to }

// right is a right-hand side as the loops see it: stored (k, n) or (n, k), or
// packed by packB in full.
type right struct {
	data   []float32
	ld     int
	trans  bool
	packed bool
}

// gemmBlocked computes C = op(A) op(B) + beta C by tiles; all sizes are positive.
func gemmBlocked(lv level, transA bool, m, n, k int, a []float32, lda int, b right, beta float32, c []float32, ldc int) {
	s := scratches.Get().(*scratch)
	sh := lv.shape()
	nPad := roundUp(n, sh.nr)
	kc := kBlock(k)
	inPlace := !b.trans && !b.packed && m <= 4*sh.mr && (lv >= levelAVX512 || n%sh.nr == 0)
	for k0 := 0; k0 < k; k0 += kc {
		kb := min(kc, k-k0)
		for j0 := 0; j0 < n; j0 += blockN {
			nb := min(blockN, n-j0)
			var panels []float32
			switch {
			case b.packed:
				panels = b.data[k0*nPad+j0*kb:]
			case !inPlace:
				panels = s.b[:roundUp(nb, sh.nr)*kb]
				packB(lv, panels, kb, nb, b, k0, j0)
			}
			s.rows(lv, sh, transA, m, nb, kb, a, lda, k0, panels, b, j0, beta, c, ldc)
		}
		beta = 1
	}
	s.t.a, s.t.b, s.t.c = nil, nil, nil
	scratches.Put(s)
}

// rows runs the tiles of one block of k and n: C[:, j0:j0+nb] = op(A)[:, k0:k0+kb]
// B + beta C. B is in panels, or in place when panels is nil.
func (s *scratch) rows(lv level, sh shape, transA bool, m, nb, kb int, a []float32, lda, k0 int, panels []float32, b right, j0 int, beta float32, c []float32, ldc int) {
	t := &s.t
	t.k, t.beta = kb, beta
	tiles := ceilDiv(m, sh.mr)
	for i, left := 0, tiles; i < m; left-- {
		mr := ceilDiv(m-i, left)
		t.mr = mr
		switch {
		case transA && nb > sh.nr:
			slot := (tiles - left) % tilesA
			if slot == 0 {
				s.packAT(lv, a[k0*lda+i:], lda, kb, m-i, left)
			}
			st := lv.strideA()
			t.a, t.ars, t.aks = &s.a[slot*kb*st], 4, uintptr(st)*4
		case transA:
			t.a, t.ars, t.aks = &a[k0*lda+i], 4, uintptr(lda)*4
		case nb > sh.nr && lv >= levelAVX512 && lda%1024 == 0:
			// Rows a multiple of 4 KiB apart share one set of the L1 cache, whose 12 ways are fewer than such a tile has rows.
			ld := kb + 16
			ld -= ld % 16
			for r := range mr {
				copy(s.a[r*ld:r*ld+kb], a[(i+r)*lda+k0:])
			}
			t.a, t.ars, t.aks = &s.a[0], uintptr(ld)*4, 4
		default:
			t.a, t.ars, t.aks = &a[i*lda+k0], uintptr(lda)*4, 4
		}
		for j := 0; j < nb; j += sh.nr {
			w := min(sh.nr, nb-j)
			cp := c[i*ldc+j0+j:]
			if panels != nil {
				t.b, t.bks = &panels[j*kb], uintptr(sh.nr)*4
			} else {
				t.b, t.bks = &b.data[k0*b.ld+j0+j], uintptr(b.ld)*4
			}
			if lv >= levelAVX512 {
				mask := uint32(uint64(1)<<w - 1)
				t.m0, t.m1 = uint16(mask), uint16(mask>>16)
				t.c, t.crs = &cp[0], uintptr(ldc)*4
				tile512(t)
				continue
			}
			s.whole(lv, sh.nr, w, mr, cp, ldc)
		}
		i += mr
	}
}

// whole runs a tile of AVX2 or NEON. Those are always nr columns wide, so a narrower C
// goes through a copy.
func (s *scratch) whole(lv level, nr, w, mr int, c []float32, ldc int) {
	t, run := &s.t, tile256
	if lv == levelNEON {
		run = tileNEON
	}
	if w == nr {
		t.c, t.crs = &c[0], uintptr(ldc)*4
		run(t)
		return
	}
	if t.beta != 0 {
		for r := range mr {
			copy(s.c[r*nr:r*nr+w], c[r*ldc:])
		}
	}
	t.c, t.crs = &s.c[0], uintptr(nr)*4
	run(t)
	for r := range mr {
		copy(c[r*ldc:r*ldc+w], s.c[r*nr:])
	}
}
