package encoder

import (
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/spd"
)

// spareColumns is how many more columns than keys the dual form's rounding has to make good for the others' errors.
const spareColumns = 64

// round rounds B (out, rank) so that what the document's own keys read from it changes least: a change E of B costs tr(E (Q^T Q + lambda I) E^T), which is what the ridge rule made smallest. Noise
// that no key reads costs lambda only. The covariance's factor is at hand in the primal form. In the dual one there are fewer keys than columns, so the
// first columns, hardly more than the keys are, can make good for what the others' rounding does to any key: the others are rounded to the next level, and only the first ones' covariance is factorised.
func (c *covariance) round(_ string, x []float32, level func(row int, v float64) float64) error {
	out := len(x) / c.rank
	if !c.dual() {
		spd.Round(c.factor, out, x, nil, level)
		return nil
	}
	keys := len(c.keys) / c.rank
	n := min(keys+spareColumns, c.rank)
	rest := c.rank - n
	first, errors := make([]float32, out*n), make([]float32, out*rest)
	for r := range out {
		copy(first[r*n:(r+1)*n], x[r*c.rank:])
		for j, v := range x[r*c.rank+n : (r+1)*c.rank] {
			to := float32(level(r, float64(v)))
			x[r*c.rank+n+j], errors[r*rest+j] = to, v-to
		}
	}
	gram := make([]float32, n*n)
	kernel.GramAdd(c.threads, n, keys, c.keys, c.rank, gram, n)
	factor, err := spd.Factorise(c.threads, n, gram, c.lambda)
	if err != nil {
		return c.notPositive(err)
	}
	read, pull := make([]float32, out*keys), make([]float32, out*n) // what the keys read from the errors
	if rest > 0 {
		kernel.Gemm(false, true, out, keys, rest, errors, rest, c.keys[n:], c.rank, 0, read, keys)
		kernel.Gemm(false, false, out, n, keys, read, keys, c.keys, c.rank, 0, pull, n)
	}
	spd.Round(factor, out, first, pull, level)
	for r := range out {
		copy(x[r*c.rank:], first[r*n:(r+1)*n])
	}
	return nil
}
