package kernel_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func tanhSigmoid(x float64) float64 {
	return (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// slope is a derivative by central differences.
func slope(f func(float64) float64, x float64) float64 { return (f(x+1e-5) - f(x-1e-5)) / 2e-5 }

// Activations and their gradients, from -30 to 30 in every length, against their definitions in float64; y is the second factor, g the gradient from above.
func TestActivationsMatchOracle(t *testing.T) {
	geluTanh := func(x float64) float64 { return x * tanhSigmoid(x) }
	silu := func(x float64) float64 { return x * sigmoid(x) }
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, n := range append(lengths, 5000) {
			x, y, g := fill(r, n, false), fill(r, n, false), fill(r, n, false)
			for i := range x {
				x[i] = float32((r.Float64() - 0.5) * 60 * math.Pow(r.Float64(), 3))
			}
			out := func() []float32 { return fill(r, n, false) }
			gelu, tanh, mul, gx := out(), out(), out(), out()
			kernel.Gelu(gelu, x)
			kernel.GeluTanh(tanh, x)
			tanhGrad := clone(g)
			kernel.GeluTanhGrad(tanhGrad, x)
			kernel.SiluMul(mul, x, y)
			gy := clone(g)
			kernel.SiluMulGrad(gy, gx, x, y)
			for i, v := range x {
				u, w, d := float64(v), float64(y[i]), float64(g[i])
				for _, c := range []struct {
					name      string
					got       float32
					want, tol float64
				}{
					{"Gelu", gelu[i], u * phi(u), 3e-7 * math.Abs(u)},
					{"GeluTanh", tanh[i], geluTanh(u), 2e-6 * math.Abs(geluTanh(u))},
					{"GeluTanhGrad", tanhGrad[i], d * slope(geluTanh, u), 1e-5 * math.Abs(d)},
					{"SiluMul", mul[i], silu(u) * w, 1e-6 * math.Abs(silu(u)*w)},
					{"SiluMulGrad of x", gx[i], d * w * slope(silu, u), 1e-5 * math.Abs(d*w)},
					{"SiluMulGrad of y", gy[i], d * silu(u), 1e-6 * math.Abs(d*silu(u))},
				} {
					if !same(float64(c.got), c.want, c.tol+1e-9) {
						t.Fatalf("n=%d: %s(%v) is %v, want %v", n, c.name, u, c.got, c.want)
					}
				}
			}
			for _, o := range [][]float32{gelu, tanh, mul, gx} {
				for i, v := range o[n : n+33] {
					if v == v {
						t.Fatalf("n=%d: wrote element %d", n, n+i)
					}
				}
			}
		}
	})
}

func TestActivationsPropagateNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for i := range 17 {
			x, one := make([]float32, 17), make([]float32, 17)
			x[i] = nan
			out := make([]float32, 17)
			for name, run := range map[string]func(){
				"Gelu": func() { kernel.Gelu(out, x) }, "GeluTanh": func() { kernel.GeluTanh(out, x) }, "GeluTanhGrad": func() { kernel.GeluTanhGrad(out, x) },
				"SiluMul": func() { kernel.SiluMul(out, x, one) }, "SiluMulGrad": func() { kernel.SiluMulGrad(clone(one), out, x, one) },
			} {
				for j := range out {
					out[j] = 1
				}
				run()
				for j, v := range out {
					if (v != v) != (i == j) {
						t.Fatalf("%s: NaN at %d gives %v at %d", name, i, v, j)
					}
				}
			}
		}
	})
}

// Turning is a rotation of each plane by its angle, and turning back undoes it.
func TestTurns(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(33, 34))
		for half := range 40 {
			lo, hi, cos, sin := fill(r, half, false), fill(r, half, false), fill(r, half, false), fill(r, half, false)
			pairs, cos2, sin2 := fill(r, 2*half, false), fill(r, 2*half, false), fill(r, 2*half, false)
			for i := range half {
				s, c := math.Sincos(r.Float64() * 6)
				cos[i], sin[i] = float32(c), float32(s)
				cos2[2*i], cos2[2*i+1], sin2[2*i], sin2[2*i+1] = cos[i], cos[i], -sin[i], sin[i]
				pairs[2*i], pairs[2*i+1] = lo[i], hi[i]
			}
			a, b := clone(lo), clone(hi)
			kernel.TurnHalves(a, b, cos, sin, 1)
			p := append([]float32(nil), pairs...)
			kernel.TurnPairs(p, cos2, sin2, 1)
			for i := range half {
				x, y, c, s := float64(lo[i]), float64(hi[i]), float64(cos[i]), float64(sin[i])
				for _, got := range [][2]float32{{a[i], b[i]}, {p[2*i], p[2*i+1]}} {
					if !same(float64(got[0]), x*c-y*s, 1e-6) || !same(float64(got[1]), y*c+x*s, 1e-6) {
						t.Fatalf("(%v, %v) turned by (%v, %v) is %v", x, y, c, s, got)
					}
				}
			}
			kernel.TurnHalves(a, b, cos, sin, -1)
			kernel.TurnPairs(p, cos2, sin2, -1)
			for i := range half {
				if !same(float64(a[i]), float64(lo[i]), 1e-6) || !same(float64(b[i]), float64(hi[i]), 1e-6) || !same(float64(p[2*i]), float64(lo[i]), 1e-6) {
					t.Fatal("turning back does not undo a turn")
				}
			}
			for i, v := range append(lo[half:half+33:half+33], pairs[2*half:2*half+33]...) {
				if v == v {
					t.Fatalf("wrote element %d beyond the end", i)
				}
			}
		}
	})
}
