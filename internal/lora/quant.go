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

// quantise writes a row's codes, one a byte, and gives the scale of its levels. A scale of 0 has codes 0.
func quantise(codes []byte, row []float32, bits int) float32 {
	s := bestScale(row, bits)
	if s == 0 {
		return 0
	}
	for i, v := range row {
		codes[i] = byte(code(float64(v)/float64(s), bits))
	}
	return s
}

// dequantise is the reverse; it refuses scales that quantise does not give.
func dequantise(row []float32, codes []byte, s float32, bits int) error {
	top := levels(bits) - 1
	if !(s >= 0) || math.IsInf(float64(s*float32(top)), 0) {
		return fmt.Errorf("scale is %v", s)
	}
	for i, c := range codes {
		row[i] = s * float32(2*int(c)-top)
	}
	return nil
}

// candidates is how many ranges bestScale tries, from the largest element down to a part of it.
const candidates = 24

// worse is how far above the least error so far a range's may be for a smaller one to be tried: once a range cuts off more than it gains by finer levels, smaller
// ones cut off more. With seven bits that spares five of six ranges.
const worse = 4

// bestScale gives the scale with the least squared error among those that it tries: for each range the scale that fits the
// codes of that range best. For one bit that is the mean of |x|.
func bestScale(row []float32, bits int) float32 {
	largest := 0.0
	for _, v := range row {
		largest = max(largest, math.Abs(float64(v)))
	}
	best, least := 0.0, math.Inf(1)
	for i := range candidates {
		s := largest / float64(levels(bits)-1) * float64(candidates-i) / candidates
		if s == 0 {
			break
		}
		e := 0.0
		for range 2 { // the second round takes the codes of the first one's fit
			var xl, ll, xx float64
			for _, v := range row {
				l := float64(2*code(float64(v)/s, bits) - levels(bits) + 1)
				xl, ll, xx = xl+float64(v)*l, ll+l*l, xx+float64(v)*float64(v)
			}
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
