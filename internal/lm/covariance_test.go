package lm_test

import (
	"slices"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// weighted is a model with a narrow adapter of its last down projection, whose A does not train, and a batch in several groups with weights of which some are zero.
func weighted(t *testing.T) (c lm.Config, m *lm.Model, ad *lora.Adapter, b lm.Batch, weights []float32) {
	c = configs["wide"]
	m = randomModel(t, c)
	ad = randomAdapter(m, 5, true, lastDown(c))
	ad.Pairs[lastDown(c)].TrainA = false
	b = randomBatch(c, 40, 20)
	weights = make([]float32, len(b.Tokens))
	for i := range weights {
		weights[i] = float32(i%7) / 3
	}
	return c, m, ad, b, weights
}

// The weighted keys are the rows whose products are the covariance, over several groups and with a weight of zero.
func TestWeightedKeysMakeTheCovariance(t *testing.T) {
	_, m, ad, b, weights := weighted(t)
	p := newPass(t, m, b, ad, 2)
	gram := make([]float32, 25)
	keys, err := p.Covariance(t.Context(), weights, gram)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range weights {
		if w > 0 && b.Targets[i] >= 0 {
			keys--
		}
	}
	if keys != 0 {
		t.Errorf("%d keys more than have a weight", keys)
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
		func() error { _, _, err := p.WeightedErrors(t.Context(), ad, weights[1:], nil); return err }(),
		func() error { _, _, err := p.WeightedErrors(t.Context(), all, weights, nil); return err }(),
		func() error { _, err := p.Covariance(t.Context(), weights, gram[1:]); return err }(),
	} {
		if perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("error %v, want EInvalid", err)
		}
	}
}

// The weighted errors times the weighted keys are the gradient, and their loss is its loss, whatever the number of threads.
func TestWeightedErrorsMakeTheGradient(t *testing.T) {
	c, m, ad, b, weights := weighted(t)
	p := newPass(t, m, b, ad, 2)
	grad := ad.Zeros()
	loss, err := p.Gradient(t.Context(), ad, weights, grad)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.WeightedKeys(weights, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, same, err := p.WeightedErrors(t.Context(), ad, weights, nil)
	if err != nil {
		t.Fatal(err)
	}
	if loss != same {
		t.Errorf("loss %v, want %v", same, loss)
	}
	want := make([]float64, c.Dim*5)
	for k := range len(q) / 5 {
		for i := range c.Dim {
			for j := range 5 {
				want[i*5+j] += float64(r[k*c.Dim+i]) * float64(q[k*5+j])
			}
		}
	}
	closeTo(t, "gradient", grad.Pairs[lastDown(c)].B, want, 1e-5)
	alone, _, err := newPass(t, m, b, ad, 1).WeightedErrors(t.Context(), ad, weights, []float32{7})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(alone, append([]float32{7}, r...)) {
		t.Error("one thread gives other errors than two, or not after what is there")
	}
}
