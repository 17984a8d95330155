package ad

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// Rotary says how positions turn the elements of a head: pair i by the angle t Freq[i] at position t.
type Rotary struct {
	Freq []float64 // (headDim/2) radians a token
	Half bool      // pairs are (i, i + headDim/2) instead of (2i, 2i+1)
}

// pair gives the places of the elements of pair i inside a head.
func (r Rotary) pair(i int) (int, int) {
	if r.Half {
		return i, i + len(r.Freq)
	}
	return 2 * i, 2*i + 1
}

// Rope rotates the heads of every row by the row's position in its sequence of seq rows; sign -1 rotates back.
func Rope[T kernel.Float](x *Node[T], seq int, r Rotary, sign int) *Node[T] {
	d, n := x.Cols, len(r.Freq)
	cos, sin := make([]T, seq*n), make([]T, seq*n)
	for t := 0; t < seq; t++ {
		for i, freq := range r.Freq {
			s, c := math.Sincos(float64(t) * freq)
			cos[t*n+i], sin[t*n+i] = T(c), T(s)*T(sign)
		}
	}
	return x.graph.apply("Rope", x.Rows, d, func(out []T, in [][]T) {
		for at := 0; at < len(out); at += 2 * n { // head by head
			c, s := cos[at/d%seq*n:][:n], sin[at/d%seq*n:][:n]
			a, b := in[0][at:at+2*n], out[at:at+2*n]
			for i := range c {
				j, k := r.pair(i)
				b[j], b[k] = a[j]*c[i]-a[k]*s[i], a[j]*s[i]+a[k]*c[i]
			}
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Rope(gy, seq, r, -sign)} }, x)
}

// RepeatHeads gives each of the heads of the given width times over, next to itself: the keys and values of grouped-query attention for every query head.
func RepeatHeads[T kernel.Float](x *Node[T], width, times int) *Node[T] {
	return x.graph.apply("RepeatHeads", x.Rows, x.Cols*times, func(out []T, in [][]T) {
		for at := 0; at < len(out); at += width {
			from := at / width / times * width
			copy(out[at:at+width], in[0][from:])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{sumHeads(gy, width, times)} }, x)
}

// sumHeads is the transpose of RepeatHeads.
func sumHeads[T kernel.Float](x *Node[T], width, times int) *Node[T] {
	return x.graph.apply("sumHeads", x.Rows, x.Cols/times, func(out []T, in [][]T) {
		clear(out)
		for at := 0; at < len(in[0]); at += width {
			to := at / width / times * width
			axpy(1, in[0][at:at+width], out[to:to+width])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{RepeatHeads(gy, width, times)} }, x)
}
