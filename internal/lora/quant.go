package lora

import (
	"fmt"
	"math"
)

// levels counts the levels of so many bits: the odd numbers between -levels and levels. Without a zero they are symmetric and
// none is wasted, and one bit is the sign.
func levels(bits int) int { return 1 << bits }

// code is the number, from 0, of the level next to v.
func code(v float64, bits int) int {
	n := levels(bits)
	return int(min(max((v+float64(n))/2, 0), float64(n-1)))
}

// quantise writes the codes of a row whose levels have the scale s, one a byte. A scale of 0 has codes 0.
func quantise(codes []byte, row []float32, s float32, bits int) {
	if s == 0 {
		return
	}
	perScale := 1 / float64(s)
	for i, v := range row {
		codes[i] = byte(code(float64(v)*perScale, bits))
	}
}

// next is the level next to v, as dequantise gives it.
func next(v float64, s float32, bits int) float64 {
	if s == 0 {
		return 0
	}
	return float64(level(code(v/float64(s), bits), s, bits))
}

// level is the value of a code.
func level(code int, s float32, bits int) float32 { return s * float32(2*code+1-levels(bits)) }

// dequantise is the reverse; it refuses scales that quantise does not give.
func dequantise(row []float32, codes []byte, s float32, bits int) error {
	top := levels(bits) - 1
	if !(s >= 0) || math.IsInf(float64(s*float32(top)), 0) {
		return fmt.Errorf("scale is %v", s)
	}
	for i, c := range codes {
		row[i] = level(int(c), s, bits)
	}
	return nil
}

// candidates is how many ranges bestScale tries, from the largest element down to a part of it.
const candidates = 24

// worse is how far above the least error so far a range's may be for a smaller one to be tried: once a range cuts off more than it gains by finer levels, smaller
// ones cut off more. With seven bits that spares five of six ranges.
const worse = 4

// bins is how many parts of the range a quantiser tells apart: eight for each level of the widest form.
const bins = 1024

// quantiser is the scratch of one row after another. It looks at a row once and then knows of every part of its range how many elements lie beyond and what they sum up to,
// so that another scale costs a few look-ups for each level in place of a pass over the row. An element less than half a part from the middle between two levels may
// count for the wrong one, which has nearly the same error.
type quantiser struct {
	count [bins + 1]int32   // elements whose size is at least that of the bin
	sum   [bins + 1]float64 // of their sizes
}

// look fills the scratch from a row whose largest element has that size, and gives the sum of the squares.
func (q *quantiser) look(row []float32, largest float64) float64 {
	*q = quantiser{}
	xx, perUnit := 0.0, bins/largest
	for _, v := range row {
		x := math.Abs(float64(v))
		i := min(int(x*perUnit), bins-1)
		q.count[i]++
		q.sum[i] += x
		xx += x * x
	}
	for i := bins - 1; i >= 0; i-- {
		q.count[i] += q.count[i+1]
		q.sum[i] += q.sum[i+1]
	}
	return xx
}

// fit gives the sums of the products of elements and their levels, in units of the scale, and of the levels' squares. The levels are 1, 3, 5 ..., so each middle between two of
// them that an element lies beyond adds 2 to its level and 8j to the square, j counting the middles from 1.
func (q *quantiser) fit(s, largest float64, bits int) (xl, ll float64) {
	xl, ll = q.sum[0], float64(q.count[0])
	for j := 1; j < levels(bits)/2; j++ {
		i := int(2*float64(j)*s/largest*bins + 0.5)
		if i >= bins {
			break
		}
		xl, ll = xl+2*q.sum[i], ll+float64(8*j)*float64(q.count[i])
	}
	return xl, ll
}

// bestScale gives the scale with the least squared error among those that it tries: for each range the scale that fits the
// codes of that range best. For one bit that is the mean of |x|.
func (q *quantiser) bestScale(row []float32, bits int) float32 {
	largest := 0.0
	for _, v := range row {
		largest = max(largest, math.Abs(float64(v)))
	}
	if largest == 0 {
		return 0
	}
	xx := q.look(row, largest)
	best, least := 0.0, math.Inf(1)
	for i := range candidates {
		s := largest / float64(levels(bits)-1) * float64(candidates-i) / candidates
		e := 0.0
		for range 2 { // the second round takes the codes of the first one's fit
			xl, ll := q.fit(s, largest, bits)
			s = xl / ll
			if e = xx - xl*s; e < least {
				best, least = s, e
			}
		}
		if e > worse*least {
			break
		}
	}
	// Rounding must not lift the outermost level over what a float32 holds.
	s := float32(best)
	if top := s * float32(levels(bits)-1); math.IsInf(float64(top), 0) {
		s = math.Nextafter32(math.MaxFloat32/float32(levels(bits)-1), 0)
	}
	return s
}
