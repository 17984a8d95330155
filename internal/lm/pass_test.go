package lm_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

func newPass(t testing.TB, m *lm.Model, b lm.Batch, shape *lora.Adapter, threads int) *lm.Pass {
	t.Helper()
	p, err := m.NewPass(t.Context(), b, shape, threads)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// closeTo fails where got and want differ by more than tol of the largest value.
func closeTo(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	top := 0.0
	for _, w := range want {
		top = max(top, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tol*(top+1e-3)) {
			t.Fatalf("%s[%d] = %g, want %g (largest %g)", what, i, got[i], w, top)
		}
	}
}

func TestForwardMatchesReference(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		ref := newReference(m)
		b := randomBatch(c, 3, 70) // more than one block of attention
		for _, norm := range []bool{false, true} {
			ad := randomAdapter(m, 3, norm)
			for _, use := range []*lora.Adapter{nil, ad} {
				got, err := newPass(t, m, b, ad, 2).Logits(t.Context(), use)
				if err != nil {
					t.Fatal(err)
				}
				var want []float64
				for s := range b.B {
					for _, row := range ref.logits(b.Tokens[s*b.T:(s+1)*b.T], refAdapter(use)) {
						want = append(want, row...)
					}
				}
				closeTo(t, name+" logits", got, want, 2e-5)
			}
		}
	}
}

func TestHiddenIsTheBaseModel(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		b := randomBatch(c, 2, 9)
		var want []float64
		for s := range b.B {
			for _, row := range newReference(m).hidden(b.Tokens[s*b.T:(s+1)*b.T], nil) {
				want = append(want, row...)
			}
		}
		fast := randomAdapter(m, 3, true, lastDown(c))
		fast.Pairs[lastDown(c)].TrainA = false
		for _, shape := range []*lora.Adapter{nil, randomAdapter(m, 3, false), fast} {
			got, err := newPass(t, m, b, shape, 1).Hidden(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, name+" hidden", got, want, 2e-5)
		}
	}
}

func lastDown(c lm.Config) string {
	return "layers." + string(rune('0'+c.Layers-1)) + ".mlp.down"
}

// TestGradientMatchesFiniteDifferences compares with central differences of the float64 reference, for all modules together
// and for every module alone, which moves the cut through all its places.
func TestGradientMatchesFiniteDifferences(t *testing.T) {
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			m := randomModel(t, c)
			ref := newReference(m)
			b := randomBatch(c, 2, 7)
			weights := make([]float32, len(b.Tokens))
			for i := range weights {
				weights[i] = float32(i%5) / 3
			}
			sets := [][]string{nil}
			for _, l := range m.Linears() {
				sets = append(sets, []string{l.Name})
			}
			for i, set := range sets {
				for j, norm := range []bool{false, true} {
					for k, trainA := range []bool{true, false} {
						if testing.Short() && (i%2 != j || i/2%2 != k) {
							continue
						}
						ad := randomAdapter(m, 3, norm, set...)
						for _, p := range ad.Pairs {
							p.TrainA = trainA
						}
						checkGradient(t, m, ref, b, ad, weights)
					}
				}
			}
		})
	}
}

func checkGradient(t *testing.T, m *lm.Model, ref *reference, b lm.Batch, ad *lora.Adapter, weights []float32) {
	t.Helper()
	grad := ad.Zeros()
	p := newPass(t, m, b, ad, 2)
	loss, err := p.Gradient(t.Context(), ad, weights, grad)
	if err != nil {
		t.Fatal(err)
	}
	pairs := refAdapter(ad)
	if want := ref.loss(b, pairs, weights); math.Abs(loss-want) > 1e-4*want {
		t.Fatalf("loss = %v, want %v", loss, want)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for _, g := range grad.Trained() {
		module, isA := strings.CutSuffix(g.Name, ".lora_A.weight")
		if !isA {
			module = strings.TrimSuffix(module, ".lora_B.weight")
		}
		x := pairs[module].b
		if isA {
			x = pairs[module].a
		}
		// A random direction and two single elements see any wrong entry.
		dirs := [][]float64{make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))}
		for i := range x {
			dirs[0][i] = rng.NormFloat64()
		}
		dirs[1][rng.IntN(len(x))] = 1
		dirs[2][rng.IntN(len(x))] = 1
		norm := 0.0
		for _, v := range g.Data {
			norm += float64(v) * float64(v)
		}
		for _, dir := range dirs {
			const h = 1e-5
			along := func(s float64) float64 {
				for i := range x {
					x[i] += s * dir[i]
				}
				return ref.loss(b, pairs, weights)
			}
			want := (along(h) - along(-2*h)) / (2 * h)
			along(h)
			got := 0.0
			for i, v := range g.Data {
				got += float64(v) * dir[i]
			}
			if math.Abs(got-want) > 2e-4*(math.Sqrt(norm)+1e-2) {
				t.Fatalf("gradient of %s (norm %v, trains A %t) along a direction is %v, want %v", g.Name, math.Sqrt(norm), ad.Pairs[module].TrainA, got, want)
			}
		}
	}
}

// gradientOf runs Gradient twice on one pass, to see scratch that leaks between calls, and returns the second result.
func gradientOf(t *testing.T, m *lm.Model, b lm.Batch, ad *lora.Adapter, threads int) (float64, *lora.Adapter) {
	t.Helper()
	p := newPass(t, m, b, ad, threads)
	if _, err := p.Gradient(t.Context(), ad, nil, ad.Zeros()); err != nil {
		t.Fatal(err)
	}
	grad := ad.Zeros()
	loss, err := p.Gradient(t.Context(), ad, nil, grad)
	if err != nil {
		t.Fatal(err)
	}
	return loss, grad
}

func TestGradientIsTheSameForAnyNumberOfThreads(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		b := randomBatch(c, 23, 60) // six groups
		fast := randomAdapter(m, 5, true, lastDown(c))
		fast.Pairs[lastDown(c)].TrainA = false
		for _, ad := range []*lora.Adapter{randomAdapter(m, 3, false), fast} {
			loss1, grad1 := gradientOf(t, m, b, ad, 1)
			for _, threads := range []int{2, 3, 16} {
				loss, grad := gradientOf(t, m, b, ad, threads)
				if loss != loss1 || !cmp.Equal(grad, grad1) {
					t.Errorf("%s: %d threads give loss %v, one gives %v; gradients equal: %t", name, threads, loss, loss1, cmp.Equal(grad, grad1))
				}
			}
		}
	}
}

func TestPaddingChangesNothing(t *testing.T) {
	for name, c := range configs {
		m := randomModel(t, c)
		ad := randomAdapter(m, 3, true)
		short := randomBatch(c, 3, 20)
		long := lm.Batch{B: 3, T: 33}
		for s := range short.B {
			long.Tokens = append(append(long.Tokens, short.Tokens[s*20:(s+1)*20]...), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
			long.Targets = append(append(long.Targets, short.Targets[s*20:(s+1)*20]...), -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)
		}
		loss1, grad1 := gradientOf(t, m, short, ad, 1)
		loss2, grad2 := gradientOf(t, m, long, ad, 1)
		if math.Abs(loss1-loss2) > 1e-6*loss1 {
			t.Errorf("%s: loss %v becomes %v with padding", name, loss1, loss2)
		}
		for i, g := range grad1.Trained() {
			closeTo(t, name+" "+g.Name, grad2.Trained()[i].Data, toFloat64(g.Data), 1e-5)
		}
	}
}

// TestGroupsOfABatchAddUp splits a batch where the pass itself cuts it, so that accumulation has the same bits.
func TestGroupsOfABatchAddUp(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	ad := randomAdapter(m, 3, false)
	b := randomBatch(c, 16, 64)
	_, want := gradientOf(t, m, b, ad, 2)
	got := ad.Zeros()
	for i := 0; i < 16; i += 4 {
		part := lm.Batch{B: 4, T: 64, Tokens: b.Tokens[i*64 : (i+4)*64], Targets: b.Targets[i*64 : (i+4)*64]}
		if _, err := newPass(t, m, part, ad, 1).Gradient(t.Context(), ad, nil, got); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("accumulation over parts differs")
	}
}

func TestPassRefusesWrongInput(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	ok := randomBatch(c, 2, 5)
	with := func(f func(*lm.Batch)) lm.Batch {
		b := randomBatch(c, 2, 5)
		f(&b)
		return b
	}
	wide := randomAdapter(m, 2, false)
	wide.Pairs["layers.0.mlp.up"].In, wide.Pairs["layers.0.mlp.up"].A = 3, make([]float32, 6)
	for name, tc := range map[string]struct {
		b     lm.Batch
		shape *lora.Adapter
		text  string
	}{
		"token":         {with(func(b *lm.Batch) { b.Tokens[3] = 23 }), nil, "token 23 at position 3"},
		"target":        {with(func(b *lm.Batch) { b.Targets[3] = -2 }), nil, "target -2 at position 3"},
		"size":          {with(func(b *lm.Batch) { b.T = 6 }), nil, "10 tokens"},
		"window":        {randomBatch(c, 1, 97), nil, "window of 96"},
		"unknown":       {ok, &lora.Adapter{Pairs: map[string]*lora.Pair{"layers.9.mlp.up": lora.NewPair(16, 24, 2)}}, "layers.9.mlp.up"},
		"gate":          {ok, &lora.Adapter{Pairs: map[string]*lora.Pair{"layers.0.mlp.gate": lora.NewPair(16, 24, 2)}}, "layers.0.mlp.gate"},
		"adapter width": {ok, wide, "maps 3 to 24"},
	} {
		_, err := m.NewPass(t.Context(), tc.b, tc.shape, 1)
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want EInvalid with %q", name, err, tc.text)
		}
	}
	ad := randomAdapter(m, 2, false)
	p := newPass(t, m, ok, ad, 1)
	other := randomAdapter(m, 3, false)
	for name, call := range map[string]func() error{
		"other rank":   func() error { _, err := p.Gradient(t.Context(), other, nil, ad.Zeros()); return err },
		"other holder": func() error { _, err := p.Gradient(t.Context(), ad, nil, other.Zeros()); return err },
		"weights":      func() error { _, err := p.Gradient(t.Context(), ad, make([]float32, 3), ad.Zeros()); return err },
		"no adapter":   func() error { _, err := p.Gradient(t.Context(), nil, nil, nil); return err },
		"logits":       func() error { _, err := p.Logits(t.Context(), other); return err },
	} {
		if err := call(); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", name, err)
		}
	}
}

func TestPassEndsWithItsContext(t *testing.T) {
	c := configs["nano"]
	m := randomModel(t, c)
	ad := randomAdapter(m, 2, false)
	b := randomBatch(c, 9, 60)
	p := newPass(t, m, b, ad, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.NewPass(ctx, b, ad, 2); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("NewPass: %v, want ECanceled", err)
	}
	if _, err := p.Gradient(ctx, ad, nil, ad.Zeros()); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("Gradient: %v, want ECanceled", err)
	}
	if _, err := p.Hidden(ctx, nil); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("Hidden: %v, want ECanceled", err)
	}
}

func TestGradientReusesItsScratch(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget, and the kernels keep their scratch in one")
	}
	m := randomModel(t, configs["nano"])
	ad := randomAdapter(m, 3, true)
	p := newPass(t, m, randomBatch(configs["nano"], 20, 60), ad, 1)
	grad := ad.Zeros()
	if n := testing.AllocsPerRun(3, func() {
		if _, err := p.Gradient(t.Context(), ad, nil, grad); err != nil {
			t.Fatal(err)
		}
	}); n > 10 {
		t.Errorf("%v allocations a gradient in steady state", n)
	}
}
