package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

var lengths = []int{0, 1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 63, 64, 65, 97, 127, 128, 129, 257, 1021}

var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), nan,
	math.Float32frombits(1), -math.Float32frombits(9), 1e18, 88.6, -87, -100, 1e-20}

// fill returns n normal deviates, some of them specials when asked. It is
// followed by NaN in its array, which a kernel must not touch.
func fill(r *rand.Rand, n int, special bool) []float32 {
	x := make([]float32, n+33)
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if special && r.IntN(6) == 0 {
			x[i] = specials[r.IntN(len(specials))]
		}
		if i >= n {
			x[i] = nan
		}
	}
	return x[:n]
}

func relu(x float64) float64 { return max(x, 0) }

// elementwise lists kernels with the function of one element, in float64: d, x
// and y are what dst, x and y held.
var elementwise = map[string]struct {
	run  func(dst, x, y []float32)
	want func(d, x, y float64) float64
}{
	"Add":       {kernel.Add, func(_, x, y float64) float64 { return x + y }},
	"Sub":       {kernel.Sub, func(_, x, y float64) float64 { return x - y }},
	"Mul":       {kernel.Mul, func(_, x, y float64) float64 { return x * y }},
	"MulAdd":    {kernel.MulAdd, func(d, x, y float64) float64 { return d + x*y }},
	"Axpy":      {func(d, x, _ []float32) { kernel.Axpy(0.5, x, d) }, func(d, x, _ float64) float64 { return d + 0.5*x }},
	"Scale":     {func(d, x, _ []float32) { kernel.Scale(d, -3, x) }, func(_, x, _ float64) float64 { return -3 * x }},
	"Shift":     {func(d, x, _ []float32) { kernel.Shift(d, x, -3) }, func(_, x, _ float64) float64 { return x - 3 }},
	"Relu2":     {func(d, x, _ []float32) { kernel.Relu2(d, x) }, func(_, x, _ float64) float64 { return relu(x) * relu(x) }},
	"Relu2Grad": {kernel.Relu2Grad, func(_, x, y float64) float64 { return 2 * relu(x) * y }},
	"Exp":       {func(d, x, _ []float32) { kernel.Exp(d, x) }, func(_, x, _ float64) float64 { return math.Exp(x) }},
}

func TestElementwiseMatchesOracle(t *testing.T) {
	for name, k := range elementwise {
		t.Run(name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 1))
				for _, n := range lengths {
					for alias := range 6 {
						d, x, y := fill(r, n, alias&1 != 0), fill(r, n, alias&1 != 0), fill(r, n, alias&1 != 0)
						switch alias / 2 {
						case 1:
							d = x
						case 2:
							d = y
						}
						d0, x0, y0 := widen(d), widen(x), widen(y)
						k.run(d, x, y)
						for i, got := range d {
							exact := k.want(d0[i], x0[i], y0[i])
							want := float64(float32(exact))
							tol := 3e-7*math.Abs(want) + 2e-45
							if name == "MulAdd" || name == "Axpy" {
								tol += 3e-7 * math.Abs(d0[i]) // the terms may cancel
							}
							if !same(float64(got), want, tol) {
								t.Fatalf("n=%d alias=%d: element %d is %g, want %g (d=%g x=%g y=%g)", n, alias, i, got, want, d0[i], x0[i], y0[i])
							}
						}
						for i, v := range d[n : n+33] {
							if v == v {
								t.Fatalf("n=%d: wrote element %d", n, n+i)
							}
						}
					}
				}
			})
		})
	}
}

func TestExpAccuracy(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		x := make([]float32, 1<<16)
		for i := range x {
			x[i] = -87.3 + float32(i)*(176/float32(len(x)))
		}
		y := make([]float32, len(x))
		kernel.Exp(y, x)
		worst := 0.0
		for i := range x {
			want := math.Exp(float64(x[i]))
			worst = max(worst, math.Abs(float64(y[i])-want)/want)
		}
		if worst > 3e-7 {
			t.Errorf("relative error %.3g, want at most 3e-7", worst)
		}
		t.Logf("relative error %.3g", worst)
	})
}

func TestReductionsMatchOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		for _, n := range lengths {
			for range 6 {
				x, y := fill(r, n, false), fill(r, n, false)
				var dot, sum, sq, ad, as float64
				big := math.Inf(-1)
				for i := range x {
					a, b := float64(x[i]), float64(y[i])
					dot, sum, sq = dot+a*b, sum+a, sq+a*a
					ad, as, big = ad+math.Abs(a*b), as+math.Abs(a), max(big, a)
				}
				for _, c := range []struct {
					name            string
					got             float32
					want, magnitude float64
				}{
					{"Dot", kernel.Dot(x, y), dot, ad}, {"Sum", kernel.Sum(x), sum, as},
					{"SumSq", kernel.SumSq(x), sq, sq}, {"Max", kernel.Max(x), big, 0},
				} {
					if !same(float64(c.got), c.want, 6e-8*float64(n+2)*c.magnitude) {
						t.Fatalf("n=%d: %s is %g, want %g", n, c.name, c.got, c.want)
					}
				}
				if n == 0 {
					continue
				}
				i := r.IntN(n)
				x[i] = nan
				for name, got := range map[string]float32{"Dot": kernel.Dot(x, y), "Sum": kernel.Sum(x), "SumSq": kernel.SumSq(x), "Max": kernel.Max(x)} {
					if got == got {
						t.Fatalf("n=%d: %s ignores NaN at %d", n, name, i)
					}
				}
				x[i] = float32(math.Inf(1))
				if got := kernel.Max(x); got != x[i] {
					t.Fatalf("n=%d: Max is %g, want +Inf", n, got)
				}
			}
		}
	})
}

func TestSoftmaxMatchesOracle(t *testing.T) {
	inf := float32(math.Inf(-1))
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 3))
		for _, n := range lengths {
			for masked := range 2 {
				x, g := fill(r, n, false), fill(r, n, false)
				sum := 0.0
				for i := range x {
					x[i] *= 20
					if masked == 1 && i > 0 && r.IntN(3) == 0 {
						x[i] = inf
					}
					sum += math.Exp(float64(x[i]))
				}
				p := clone(x)
				top, total := kernel.Softmax(p, p)
				lse := float64(top) + math.Log(float64(total))
				if !same(lse, math.Log(sum), 1e-6*(1+math.Abs(math.Log(sum)))) {
					t.Fatalf("n=%d: log-sum-exp %g, want %g", n, lse, math.Log(sum))
				}
				dot := 0.0
				for i := range p {
					want := math.Exp(float64(x[i])) / sum
					if !same(float64(p[i]), want, 1e-5*want+1e-44) || (x[i] == inf && p[i] != 0) {
						t.Fatalf("n=%d: p[%d] = %g, want %g", n, i, p[i], want)
					}
					dot += float64(p[i]) * float64(g[i])
				}
				d := make([]float32, n)
				kernel.SoftmaxGrad(d, p, g)
				for i := range d {
					if want := float64(p[i]) * (float64(g[i]) - dot); !same(float64(d[i]), want, 1e-5*float64(p[i])+1e-44) {
						t.Fatalf("n=%d: grad[%d] = %g, want %g", n, i, d[i], want)
					}
				}
			}
		}
		x := []float32{inf, inf, inf}
		if top, sum := kernel.Softmax(x, x); top != inf || sum != 0 || x[0] != 0 || x[2] != 0 {
			t.Errorf("all -Inf: %v, largest %v, sum %v", x, top, sum)
		}
	})
}

func TestAdamWMatchesOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(4, 4))
		for _, n := range lengths {
			p, m, v := fill(r, n, false), make([]float32, n), make([]float32, n)
			wp, wm, wv := widen(p), widen(m), widen(v)
			for step := 1; step <= 3; step++ {
				g := fill(r, n, false)
				kernel.AdamW(p, g, m, v, 0.01, 0.9, 0.95, 1e-8, 0.1, step)
				c1, c2 := 1-math.Pow(0.9, float64(step)), 1-math.Pow(0.95, float64(step))
				for i := range wp {
					gi := float64(g[i])
					wm[i] = 0.9*wm[i] + 0.1*gi
					wv[i] = 0.95*wv[i] + 0.05*gi*gi
					wp[i] = wp[i]*(1-0.01*0.1) - 0.01*wm[i]/c1/(math.Sqrt(wv[i]/c2)+1e-8)
					if !same(float64(p[i]), wp[i], 1e-6) || !same(float64(m[i]), wm[i], 1e-6) || !same(float64(v[i]), wv[i], 1e-6) {
						t.Fatalf("n=%d step %d: element %d is %g %g %g, want %g %g %g", n, step, i, p[i], m[i], v[i], wp[i], wm[i], wv[i])
					}
				}
			}
		}
	})
}

func TestGemvMatchesOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 5))
		for _, m := range []int{0, 1, 2, 3, 4, 5, 7, 31} {
			for _, n := range lengths {
				for i, beta := range []float32{0, 1, -2} {
					a := newProduct(r, false, false, m, 1, n, i, beta)
					y := fill(r, m, false)
					a.c, a.ldc = clone(y), 1
					a.b, a.ldb = fill(r, n, false), 1
					kernel.Gemv(m, n, a.a, a.lda, a.b, beta, y)
					a.check(t, y)
					for row := range m { // a row's bits do not depend on m
						one := a.c[row : row+1 : row+1]
						if n > 0 {
							one = clone(one)
							kernel.Gemv(1, n, a.a[row*a.lda:], a.lda, a.b, beta, one)
							sameBits(t, "row", one, y[row:row+1])
						}
					}
					b := newProduct(r, true, false, n, 1, m, i, beta)
					y = fill(r, n, false)
					b.c, b.ldc = clone(y), 1
					b.b, b.ldb = fill(r, m, false), 1
					kernel.GemvT(m, n, b.a, b.lda, b.b, beta, y)
					b.check(t, y)
				}
			}
		}
	})
}
