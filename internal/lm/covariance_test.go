package lm_test

import (
	"testing"

	"github.com/perkdb/perk"
)

// The weighted keys are the rows whose products are the covariance, over several groups and with a weight of zero.
func TestWeightedKeysMakeTheCovariance(t *testing.T) {
	c := configs["wide"]
	m := randomModel(t, c)
	ad := randomAdapter(m, 5, true, lastDown(c))
	ad.Pairs[lastDown(c)].TrainA = false
	b := randomBatch(c, 40, 20)
	weights := make([]float32, len(b.Tokens))
	for i := range weights {
		weights[i] = float32(i%7) / 3
	}
	p := newPass(t, m, b, ad, 2)
	gram := make([]float32, 25)
	if err := p.Covariance(t.Context(), weights, gram); err != nil {
		t.Fatal(err)
	}
	q, err := p.WeightedKeys(weights, []float32{1, 0, 0, 0, 0}) // appended to what is there
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, 25)
	for r := 1; r < len(q)/5; r++ {
		for i := range 5 {
			for j := i; j < 5; j++ {
				want[i*5+j] += float64(q[r*5+i]) * float64(q[r*5+j])
			}
		}
	}
	for i := range 5 {
		clear(gram[i*5 : i*5+i]) // below the diagonal
	}
	closeTo(t, "covariance", gram, want, 1e-5)
	all := randomAdapter(m, 2, false)
	for _, err := range []error{
		func() error { _, err := p.WeightedKeys(weights[1:], nil); return err }(),
		func() error { _, err := newPass(t, m, b, all, 1).WeightedKeys(weights, nil); return err }(),
		p.Covariance(t.Context(), weights, gram[1:]),
	} {
		if perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("error %v, want EInvalid", err)
		}
	}
}
