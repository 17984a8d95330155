package lm

import (
	"math"
	"sync"
	"sync/atomic"
)

// rope makes the rotary tables as far as sequences reach: models may have windows far longer than any text that they get to see.
type rope struct {
	freq  []float64 // (head/2) radians a token; zeros for architectures with learned positions
	half  bool
	grow  sync.Mutex // held to make longer tables
	table atomic.Pointer[turns]
}

// turns are rotary tables: the angle t · freq[i] at position t for pair i. The table of queries carries the 1/sqrt(headdim) of
// attention, which spares a pass over the scores.
type turns struct {
	head   int       // width of a head
	spread bool      // rotate (i, i+head/2) instead of (2i, 2i+1)
	q, k   []float32 // (positions, head/2, 2): cosine and sine
}

func newRope(c Config) *rope {
	r := &rope{freq: make([]float64, c.headDim()/2), half: c.RopeHalf}
	if c.RopeTheta != 0 {
		for i := range r.freq {
			r.freq[i] = c.RopeScaling.Stretch(math.Pow(c.RopeTheta, -2*float64(i)/float64(c.headDim())))
		}
	}
	return r
}

// reach gives tables of n positions at least. It does not allocate where an earlier call reached as far.
func (r *rope) reach(n int) *turns {
	hd := 2 * len(r.freq)
	if t := r.table.Load(); t != nil && len(t.k) >= n*hd {
		return t
	}
	r.grow.Lock()
	defer r.grow.Unlock()
	old := r.table.Load()
	if old == nil {
		old = &turns{}
	}
	first := len(old.k) / hd
	n = max(n, 2*first, firstRoom)
	t := &turns{head: hd, spread: r.half, q: make([]float32, n*hd), k: make([]float32, n*hd)}
	copy(t.q, old.q)
	copy(t.k, old.k)
	scale := 1 / math.Sqrt(float64(hd))
	for at := first; at < n; at++ {
		for i, freq := range r.freq {
			sin, cos := math.Sincos(float64(at) * freq)
			j := at*hd + 2*i
			t.k[j], t.k[j+1] = float32(cos), float32(sin)
			t.q[j], t.q[j+1] = float32(cos*scale), float32(sin*scale)
		}
	}
	r.table.Store(t)
	return t
}

// Stretch gives the frequency, in radians a token, to use in place of freq.
func (s Scaling) Stretch(freq float64) float64 {
	if s == (Scaling{}) {
		return freq
	}
	turns := float64(s.OriginalContext) * freq / (2 * math.Pi) // over the window of pretraining
	kept := min(max((turns-s.LowFreq)/(s.HighFreq-s.LowFreq), 0), 1)
	return (1-kept)*freq/s.Factor + kept*freq
}

// turn rotates the heads of one row at position t by table (r.q or r.k); sign -1 rotates back, which is the gradient.
func (r *turns) turn(row, table []float32, t int, sign float32) {
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
func (r *turns) turnRows(x, table []float32, width, T int, sign float32) {
	for row := 0; row*width < len(x); row++ {
		r.turn(x[row*width:(row+1)*width], table, row%T, sign)
	}
}
