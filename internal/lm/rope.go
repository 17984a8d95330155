package lm

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/perkdb/perk/internal/kernel"
)

// rope makes the rotary tables as far as sequences reach: models may have windows far longer than any text that they get to see.
type rope struct {
	freq  []float64 // (head/2) radians a token; zeros for architectures with learned positions
	half  bool
	grow  sync.Mutex // held to make longer tables
	table atomic.Pointer[turns]
}

// turns are rotary tables: the angle t · freq[i] at position t for pair i. The table of queries carries the 1/sqrt(headdim) of
// attention, which spares a pass over the scores. A position has cosines and then sines, as kernel.TurnHalves wants them for pairs (i, i+head/2), and as
// kernel.TurnPairs wants them for pairs (2i, 2i+1).
type turns struct {
	head   int       // width of a head
	spread bool      // rotate (i, i+head/2) instead of (2i, 2i+1)
	q, k   []float32 // (positions, width())
}

// width is the size of a position's table.
func (r *turns) width() int {
	if r.spread {
		return r.head
	}
	return 2 * r.head
}

// set writes the cosine and sine of pair i to a position's table.
func (r *turns) set(row []float32, i int, cos, sin float32) {
	cosines, sines := row[:len(row)/2], row[len(row)/2:]
	if r.spread {
		cosines[i], sines[i] = cos, sin
		return
	}
	cosines[2*i], cosines[2*i+1] = cos, cos
	sines[2*i], sines[2*i+1] = -sin, sin
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
	if t := r.table.Load(); t != nil && len(t.k) >= n*t.width() {
		return t
	}
	r.grow.Lock()
	defer r.grow.Unlock()
	t := &turns{head: 2 * len(r.freq), spread: r.half}
	old := r.table.Load()
	if old == nil {
		old = &turns{}
	}
	wide := t.width()
	first := len(old.k) / wide
	n = max(n, 2*first, firstRoom)
	t.q, t.k = make([]float32, n*wide), make([]float32, n*wide)
	copy(t.q, old.q)
	copy(t.k, old.k)
	scale := 1 / math.Sqrt(float64(t.head))
	for at := first; at < n; at++ {
		for i, freq := range r.freq {
			sin, cos := math.Sincos(float64(at) * freq)
			t.set(t.k[at*wide:(at+1)*wide], i, float32(cos), float32(sin))
			t.set(t.q[at*wide:(at+1)*wide], i, float32(cos*scale), float32(sin*scale))
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
	wide := r.width()
	tab := table[t*wide : (t+1)*wide]
	cos, sin := tab[:wide/2], tab[wide/2:]
	for ; len(row) >= r.head; row = row[r.head:] {
		if h := row[:r.head]; r.spread {
			kernel.TurnHalves(h[:r.head/2], h[r.head/2:], cos, sin, sign)
		} else {
			kernel.TurnPairs(h, cos, sin, sign)
		}
	}
}

// turnRows rotates rows of the given width of sequences of T rows each.
func (r *turns) turnRows(x, table []float32, width, T int, sign float32) {
	for row := 0; row*width < len(x); row++ {
		r.turn(x[row*width:(row+1)*width], table, row%T, sign)
	}
}
