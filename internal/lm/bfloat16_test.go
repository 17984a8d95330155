package lm_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/lm"
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

// A view and the decoders' weights share their matrices, and hold on to no others.
func TestBFloat16LetsFloat32Go(t *testing.T) {
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			m := randomModel(t, c)
			gone := map[string]weak.Pointer[float32]{}
			for _, x := range m.Tensors() {
				if len(x.Shape) == 2 && strings.HasPrefix(x.Name, "layers.") && !strings.HasSuffix(x.Name, ".conv") || x.Name == "head" {
					gone[x.Name] = weak.Make(&x.Data[0])
				}
			}
			want := m.Weights(lm.BFloat16, nil)
			view := m.BFloat16()
			got := view.Weights(lm.BFloat16, nil)
			if a, b := decoded(t, want), decoded(t, got); !cmp.Equal(a, b) {
				t.Error("the view decodes other logits than the model")
			}
			if a, b := decoded(t, want), decoded(t, view.Weights(lm.Float32, nil)); distance(b, a) > 1e-5 {
				t.Errorf("the view's numbers in float32 are off by %v", distance(b, a))
			}
			ad := randomAdapter(m, 3, false)
			if _, err := newPass(t, view, randomBatch(c, 2, 9), ad, 1).Gradient(t.Context(), ad, nil, ad.Zeros()); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			for name, p := range gone {
				if p.Value() != nil {
					t.Errorf("%s is still there in float32", name)
				}
			}
			if len(gone) < 4 {
				t.Errorf("only %d matrices looked at", len(gone))
			}
			runtime.KeepAlive(view)
			runtime.KeepAlive(want)
		})
	}
}

// decoded gives the logits after a few tokens.
func decoded(t *testing.T, w *lm.Weights) []float32 {
	t.Helper()
	r := newReaders(t, w, []*lora.Adapter{nil}, 5)
	d := w.NewDecoder(16)
	d.Run([]lm.Span{{Sequence: r[0].seq, Tokens: r[0].spans[0], Want: true}})
	return slices.Clone(d.Logits(0))
}
