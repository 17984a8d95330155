package lm_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/lora"
)

// distance is the Frobenius norm of got - want over that of want.
func distance(got, want []float32) float64 {
	var d, n float64
	for i, w := range want {
		d += math.Pow(float64(got[i])-float64(w), 2)
		n += math.Pow(float64(w), 2)
	}
	return math.Sqrt(d / n)
}

// Logits and gradients of the bfloat16 view are those of the model but for rounding, for several places of the cut, and do not depend on the number of threads.
func TestBFloat16IsTheModel(t *testing.T) {
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			m := randomModel(t, c)
			view := m.BFloat16()
			if view.ID() != m.ID() {
				t.Error("the view has another ID")
			}
			b := randomBatch(c, 9, 40)
			all := m.Linears()
			sets := [][]string{nil, {all[0].Name}, {lastDown(c)}, {all[len(all)-2].Name}}
			for _, set := range sets {
				ad := randomAdapter(m, 3, false, set...)
				run := func(threads int, rounded bool) (float64, []float32, *lora.Adapter) {
					x := m
					if rounded {
						x = view
					}
					p := newPass(t, x, b, ad, threads)
					grad := ad.Zeros()
					loss, err := p.Gradient(t.Context(), ad, nil, grad)
					if err != nil {
						t.Fatal(err)
					}
					logits, err := p.Logits(t.Context(), ad)
					if err != nil {
						t.Fatal(err)
					}
					return loss, logits, grad
				}
				loss, logits, grad := run(1, false)
				loss1, logits1, grad1 := run(1, true)
				loss3, logits3, grad3 := run(3, true)
				if loss1 != loss3 || !cmp.Equal(logits1, logits3) || !cmp.Equal(grad1, grad3) {
					t.Errorf("%v: one thread and three give other bits", set)
				}
				if cmp.Equal(logits, logits1) {
					t.Errorf("%v: the view rounds nothing", set)
				}
				if d := math.Abs(loss1/loss - 1); d > 0.01 {
					t.Errorf("%v: the loss is off by %.4f of itself", set, d)
				}
				if d := distance(logits1, logits); d > 0.03 {
					t.Errorf("%v: logits are off by %.4f", set, d)
				}
				got := grad1.Trained()
				for i, want := range grad.Trained() {
					if d := distance(got[i].Data, want.Data); d > 0.1 {
						t.Errorf("the gradient of %s is off by %.4f", want.Name, d)
					}
				}
			}
		})
	}
}
