package lm

import "math"

// rope holds the rotary tables: angle t · theta^(-2i/headdim) at position t for pair i. The table of queries carries the 1/sqrt(headdim) of
// attention, which spares a pass over the scores.
type rope struct {
	head   int       // width of a head
	spread bool      // rotate (i, i+head/2) instead of (2i, 2i+1)
	q, k   []float32 // (context, head/2, 2): cosine and sine
}

func newRope(c Config) rope {
	hd := c.headDim()
	r := rope{head: hd, spread: c.RopeHalf, q: make([]float32, c.Context*hd), k: make([]float32, c.Context*hd)}
	scale := 1 / math.Sqrt(float64(hd))
	for i := range hd / 2 {
		freq := math.Pow(c.RopeTheta, -2*float64(i)/float64(hd))
		for t := range c.Context {
			sin, cos := math.Sincos(float64(t) * freq)
			j := t*hd + 2*i
			r.k[j], r.k[j+1] = float32(cos), float32(sin)
			r.q[j], r.q[j+1] = float32(cos*scale), float32(sin*scale)
		}
	}
	return r
}

// turn rotates the heads of one row at position t by table (r.q or r.k); sign -1 rotates back, which is the gradient.
func (r *rope) turn(row, table []float32, t int, sign float32) {
	hd := r.head
	tab := table[t*hd : (t+1)*hd]
	for len(row) >= hd {
		h := row[:hd]
		if r.spread {
			lo, hi := h[:hd/2], h[hd/2:]
			for i := range lo {
				c, s, a, b := tab[2*i], sign*tab[2*i+1], lo[i], hi[i]
				lo[i], hi[i] = a*c-b*s, a*s+b*c
			}
		} else {
			for i := 1; i < len(h) && i < len(tab); i += 2 {
				c, s, a, b := tab[i-1], sign*tab[i], h[i-1], h[i]
				h[i-1], h[i] = a*c-b*s, a*s+b*c
			}
		}
		row = row[hd:]
	}
}

// turnRows rotates rows of the given width of sequences of T rows each.
func (r *rope) turnRows(x, table []float32, width, T int, sign float32) {
	for row := 0; row*width < len(x); row++ {
		r.turn(x[row*width:(row+1)*width], table, row%T, sign)
	}
}
