package kernel

// packB lays out op(B)[k0:k0+kb, j0:j0+nb] as panels of nr columns, each (kb, nr)
// and filled up with zeros.
func packB(lv level, dst []float32, kb, nb int, b right, k0, j0 int) {
	nr := lv.shape().nr
	if b.trans {
		for j := 0; j < nb; j += nr {
			packBT(lv, dst[j*kb:(j+nr)*kb], nr, kb, min(nr, nb-j), b, k0, j0+j)
		}
		return
	}
	for p := 0; p < kb; p += chunkK {
		rows := min(chunkK, kb-p)
		for j := 0; j < nb; j += nr {
			w := min(nr, nb-j)
			out := dst[j*kb+p*nr:][:rows*nr]
			src := b.data[(k0+p)*b.ld+j0+j:]
			switch {
			case lv >= levelAVX512:
				copyRows512(&out[0], 128, &src[0], uintptr(b.ld)*4, rows, uint32(uint64(1)<<w-1), true)
			case w < nr || lv == levelNEON:
				clear(out)
				packEdge(out, nr, rows, w, b, k0+p, j0+j)
			default:
				for q := range rows {
					*(*[16]float32)(out[q*16:]) = [16]float32(src[q*b.ld:])
				}
			}
		}
	}
}

// packBT fills one panel from a transposed B: whole groups of columns by the
// assembler, four k at a time, and what is left in Go.
func packBT(lv level, panel []float32, nr, kb, w int, b right, k0, j0 int) {
	if w < nr {
		clear(panel)
	}
	group := nr / 2
	quads := kb / 4
	for j := 0; j < w; j += group {
		g := min(group, w-j)
		done := 0
		if g == group && quads > 0 && lv != levelNEON {
			dst, src := &panel[j], &b.data[(j0+j)*b.ld+k0]
			if lv >= levelAVX512 {
				transpose512(dst, uintptr(nr)*4, src, uintptr(b.ld)*4, quads)
			} else {
				transpose256(dst, uintptr(nr)*4, src, uintptr(b.ld)*4, quads)
			}
			done = quads * 4
		}
		if done < kb {
			packEdge(panel[done*nr+j:], nr, kb-done, g, b, k0+done, j0+j)
		}
	}
}

// packEdge copies op(B)[k0:k0+kb, j0:j0+nb] to rows of stride ld, in plain Go.
func packEdge(dst []float32, ld, kb, nb int, b right, k0, j0 int) {
	if !b.trans {
		for p := range kb {
			copy(dst[p*ld:p*ld+nb], b.data[(k0+p)*b.ld+j0:])
		}
		return
	}
	for j := range nb {
		src := b.data[(j0+j)*b.ld+k0:]
		for p, v := range src[:kb] {
			dst[p*ld+j] = v
		}
	}
}

// firstLanes[i] is the AVX2 mask of the first i lanes.
var firstLanes = func() (masks [7][8]int32) {
	for i := range masks {
		for j := range i {
			masks[i][j] = -1
		}
	}
	return masks
}()

// packAT copies the next tilesA tiles of a transposed A, of which left with m
// columns are to come. Each is (kb, mr) with rows strideA apart.
func (s *scratch) packAT(lv level, src []float32, lda, kb, m, left int) {
	st := lv.strideA()
	for p := 0; p < kb; p += chunkK {
		rows := min(chunkK, kb-p)
		for slot, i := 0, 0; slot < min(tilesA, left); slot++ {
			mr := ceilDiv(m-i, left-slot)
			out, in := s.a[(slot*kb+p)*st:], src[p*lda+i:]
			switch {
			case lv == levelNEON:
				for q := range rows {
					copy(out[q*st:q*st+mr], in[q*lda:])
				}
			case lv >= levelAVX512:
				copyRows512(&out[0], 64, &in[0], uintptr(lda)*4, rows, 1<<mr-1, false)
			default:
				copyRows256(&out[0], &in[0], uintptr(lda)*4, rows, &firstLanes[mr])
			}
			i += mr
		}
	}
}
