package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

// narrowProduct is a product with a right-hand side of 8 or 16 bits, packed on every call.
type narrowProduct func(p *product, rows, from int, c []float32) []float32

var narrowProducts = map[string]narrowProduct{
	"int8": func(p *product, rows, from int, c []float32) []float32 {
		w := kernel.PackInt8(p.tb, p.k, p.n, p.b, p.ldb)
		kernel.GemmInt8(rows, p.a[min(from*p.lda, len(p.a)):], p.lda, w, p.beta, c, p.ldc)
		return c
	},
	"bf16": func(p *product, rows, from int, c []float32) []float32 {
		w := kernel.PackBF16(p.tb, p.k, p.n, p.b, p.ldb)
		kernel.GemvBF16(rows, p.a[min(from*p.lda, len(p.a)):], p.lda, w, p.beta, c, p.ldc)
		return c
	},
	"bf16 both": func(p *product, rows, from int, c []float32) []float32 {
		w := kernel.PackBF16(p.tb, p.k, p.n, p.b, p.ldb)
		kernel.GemmBF16(rows, p.a[min(from*p.lda, len(p.a)):], p.lda, w, p.beta, c, p.ldc)
		return c
	},
}

// checkNarrow compares C with the float64 product; bound gives, from the sums over k of |a||b|, of max|a| and of |a| max|b|, what the
// roundings of the format may add up to.
func checkNarrow(t *testing.T, p *product, got []float32, bound func(mag, aMax, bMax float64) float64) {
	t.Helper()
	left := func(i, q int) float64 {
		if p.ta {
			return float64(p.a[q*p.lda+i])
		}
		return float64(p.a[i*p.lda+q])
	}
	at := func(j, q int) float64 {
		if p.tb {
			return float64(p.b[j*p.ldb+q])
		}
		return float64(p.b[q*p.ldb+j])
	}
	for i := range p.m {
		for j := range p.n {
			var sum, mag, aMax, bMax, aSum, bSum float64
			for q := range p.k {
				a, b := left(i, q), at(j, q)
				sum += a * b
				mag += math.Abs(a * b)
				aMax, bMax = max(aMax, math.Abs(a)), max(bMax, math.Abs(b))
				aSum, bSum = aSum+math.Abs(a), bSum+math.Abs(b)
			}
			old := float64(p.beta) * float64(p.c[i*p.ldc+j])
			tol := bound(mag, aMax*bSum, aSum*bMax) + 1e-6*(mag+math.Abs(old)) + 1e-30
			if g := float64(got[i*p.ldc+j]); !same(g, sum+old, tol) {
				t.Fatalf("m=%d n=%d k=%d ta=%v tb=%v beta=%v: C[%d][%d] = %v, want %v within %v", p.m, p.n, p.k, p.ta, p.tb, p.beta, i, j, g, sum+old, tol)
			}
		}
	}
	for i, g := range got {
		if i%p.ldc >= p.n && !math.IsNaN(float64(g)) {
			t.Fatalf("wrote between rows, at %d", i)
		}
	}
}

var narrowBounds = map[string]func(mag, aMax, bMax float64) float64{
	// Half a step of each weight, and half a step of each activation.
	"int8": func(_, aMax, bMax float64) float64 { return bMax/254*1.001 + aMax/65024*1.01 },
	// Half of the last of eight bits, and the roundings of the sum.
	"bf16": func(mag, _, _ float64) float64 { return mag/256 + 1e-5*mag },
	// The same of the activations.
	"bf16 both": func(mag, _, _ float64) float64 { return mag/127 + 1e-5*mag },
}

func TestNarrowMatchesOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for format, run := range narrowProducts {
			for range 120 {
				p := newProduct(r, false, r.IntN(2) == 1, r.IntN(9), r.IntN(100), r.IntN(90), r.IntN(2)*r.IntN(9), []float32{0, 1, -0.5}[r.IntN(3)])
				checkNarrow(t, p, run(p, p.m, 0, clone(p.c)), narrowBounds[format])
			}
			for _, s := range [][3]int{{2, 70, 3000}, {300, 33, 385}, {15, 64, 768}, {270, 70, 1700}} {
				p := newProduct(r, false, true, s[0], s[1], s[2], 0, 1)
				checkNarrow(t, p, run(p, p.m, 0, clone(p.c)), narrowBounds[format])
			}
		}
	})
}

// Of numbers that bfloat16 has, the product is exact up to the sum's roundings: what a bound for rounded operands would hide, such as a k that is left out, shows.
func TestGemmBF16OfRoundedNumbers(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		betas := []float32{0, 1, -0.5}
		for i, s := range [][3]int{{1, 1, 1}, {31, 32, 33}, {32, 512, 64}, {33, 545, 31}, {257, 64, 100}, {300, 64, 385}, {33, 1060, 129}, {64, 1060, 129}, {130, 31, 800}, {40, 545, 800}} {
			p := newProduct(r, false, true, s[0], s[1], s[2], r.IntN(3), betas[i%len(betas)])
			for _, x := range [][]float32{p.a, p.b} {
				for i := range x {
					x[i] = kernel.RoundBF16(x[i])
				}
			}
			checkNarrow(t, p, narrowProducts["bf16 both"](p, p.m, 0, clone(p.c)), func(mag, _, _ float64) float64 { return 4e-6 * mag })
		}
	})
}

// With numbers that bfloat16 holds, GemmRounded is the product itself, whatever is transposed and however the sides are cut; a scratch that larger operands used before changes nothing.
func TestGemmRounded(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(33, 34))
		for i, s := range [][3]int{{512, 128, 300}, {257, 130, 33}, {18, 2048, 32}, {100, 130, 97}, {130, 100, 513}, {67, 257, 66}, {1031, 33, 47}, {3, 4, 5}, {300, 31, 200}, {0, 64, 64}} {
			for flags := range 4 {
				p := newProduct(r, flags&1 != 0, flags&2 != 0, s[0], s[1], s[2], r.IntN(3), []float32{0, 1, -0.5}[i%3])
				for _, x := range [][]float32{p.a, p.b} {
					for i := range x {
						x[i] = kernel.RoundBF16(x[i])
					}
				}
				c := clone(p.c)
				kernel.GemmRounded(p.ta, p.tb, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.beta, c, p.ldc)
				checkNarrow(t, p, c, func(mag, _, _ float64) float64 { return 4e-6 * mag })
			}
		}
	})
}

// A row of C has the same bits whatever rows come with it, so a batch of questions is answered as each alone.
func TestNarrowRowsAreIndependent(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		for format, run := range narrowProducts {
			p := newProduct(r, false, true, 17, 101, 131+300*r.IntN(2), 2, 1)
			want := run(p, p.m, 0, clone(p.c))
			for _, step := range []int{1, 2, 3, 5, 7} {
				got := clone(p.c)
				for i := 0; i < p.m; i += step {
					run(p, min(step, p.m-i), i, got[i*p.ldc:])
				}
				sameBits(t, fmt.Sprintf("%s, %d rows at once", format, step), got, want)
			}
		}
	})
}

// Sums of int8 are exact, so every instruction set gives the same bits; those of bfloat16 run in one order in all but the scalar one and the CPU's own.
func TestNarrowSetsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for format, run := range narrowProducts {
		for range 30 {
			p := newProduct(r, false, true, 1+r.IntN(8), 1+r.IntN(80), 1+r.IntN(300), 0, float32(r.IntN(2)))
			var want []float32
			for _, l := range kernel.Levels() {
				if l == "scalar" && format != "int8" || (l == "avx512bf16" || l == "amx") && format == "bf16 both" {
					continue
				}
				kernel.SetLevel(t, l)
				got := run(p, p.m, 0, clone(p.c))
				if want != nil {
					sameBits(t, format+" "+l, got, want)
				}
				want = got
			}
		}
	}
}

func TestNarrowSpecialValues(t *testing.T) {
	inf, tiny := float32(math.Inf(1)), math.Float32frombits(1<<16)
	eachLevel(t, func(t *testing.T) {
		for format, run := range narrowProducts {
			for _, v := range []float32{nan, inf, -inf} {
				p := newProduct(rand.New(rand.NewPCG(1, 1)), false, true, 2, 40, 21, 0, 0)
				p.a[20] = v
				c := run(p, 2, 0, clone(p.c))
				for j := range 40 {
					if g := c[j]; !math.IsNaN(float64(g)) && (format == "int8" || !math.IsInf(float64(g), 0)) {
						t.Fatalf("%s: %v in a row gives %v", format, v, g)
					}
					if math.IsNaN(float64(c[40+j])) {
						t.Fatalf("%s: %v in one row reaches another", format, v)
					}
				}
			}
			for i, x := range [][]float32{{0, 0}, {1e-38, -1e-38}} {
				p := &product{tb: true, m: 1, n: 1, k: 2, lda: 2, ldb: 2, ldc: 1, a: x, b: []float32{1, 1}}
				if c := run(p, 1, 0, []float32{nan}); c[0] != 0 {
					t.Errorf("%s: case %d gives %v, want 0 and the old C unread", format, i, c[0])
				}
			}
		}
		p := &product{tb: true, m: 1, n: 1, k: 1, lda: 1, ldb: 1, ldc: 1, a: []float32{1}, b: []float32{tiny}}
		if c := narrowProducts["bf16"](p, 1, 0, []float32{0}); c[0] != tiny {
			t.Errorf("a denormal weight became %g, want %g", c[0], tiny)
		}
	})
}

// A turned matrix is the one that is packed of the transpose, and an unpacked one packs to the same.
func TestTurnedBF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for _, s := range [][2]int{{1, 1}, {4, 32}, {5, 33}, {66, 31}, {97, 130}} {
		k, n := s[0], s[1]
		b := make([]float32, n*k) // (n, k)
		for i := range b {
			b[i] = rng.Float32() - 0.5
		}
		p := kernel.PackBF16(true, k, n, b, k)
		if !reflect.DeepEqual(p.Turned(), kernel.PackBF16(false, n, k, b, k)) {
			t.Errorf("(%d, %d) turned is not the transpose", k, n)
		}
		u := p.Unpacked()
		for i, v := range u {
			if math.Abs(float64(v-b[i])) > math.Abs(float64(b[i]))/256 {
				t.Fatalf("(%d, %d): element %d is %v, was %v", k, n, i, v, b[i])
			}
		}
		if !reflect.DeepEqual(p, kernel.PackBF16(true, k, n, u, k)) {
			t.Errorf("(%d, %d) unpacked packs to another matrix", k, n)
		}
	}
}

func TestBF16RoundsTiesToEven(t *testing.T) {
	for _, c := range [][2]uint32{{0x3f808000, 0x3f800000}, {0x3f818000, 0x3f820000}, {0x3f808001, 0x3f810000}, {0x7f7fffff, 0x7f800000}, {0x7f800001, 0x7fc00000}} {
		p := kernel.PackBF16(true, 1, 1, []float32{math.Float32frombits(c[0])}, 1)
		got := []float32{0}
		kernel.GemvBF16(1, []float32{1}, 1, p, 0, got, 1)
		sameBits(t, fmt.Sprintf("%x", c[0]), got, []float32{math.Float32frombits(c[1])})
	}
}

func FuzzNarrow(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint16(7), uint8(0), uint8(0), uint64(1))
	f.Add(uint8(9), uint8(65), uint16(513), uint8(3), uint8(5), uint64(2))
	f.Fuzz(func(t *testing.T, m, n uint8, k uint16, flags, pad uint8, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newProduct(r, false, flags&1 != 0, int(m%20), int(n), int(k%700), int(pad), float32(flags>>1&1))
		for format, run := range narrowProducts {
			eachLevel(t, func(t *testing.T) {
				got := run(p, p.m, 0, clone(p.c))
				checkNarrow(t, p, got, narrowBounds[format])
				if format == "int8" {
					kernel.SetLevel(t, "scalar")
					sameBits(t, "scalar", run(p, p.m, 0, clone(p.c)), got)
				}
			})
		}
	})
}

// BenchmarkNarrow walks over weights that fit in L2, in L3 and in neither.
func BenchmarkNarrow(b *testing.B) {
	for _, s := range [][3]int{{1, 512, 128}, {1, 1536, 576}, {1, 2048, 512}, {1, 32768, 2048}, {1024, 128, 128}, {1024, 512, 128}, {1024, 2048, 128}, {1024, 128, 512}, {1024, 128, 2048}, {1024, 3072, 768}, {1024, 768, 3072}, {4, 1536, 576}, {16, 1536, 576}, {64, 1536, 576}} {
		m, n, k := s[0], s[1], s[2]
		w, x, y := random(n*k), random(m*k), make([]float32, m*n)
		p8, p16 := kernel.PackInt8(true, k, n, w, k), kernel.PackBF16(true, k, n, w, k)
		for _, l := range kernel.Levels() {
			for _, op := range []struct {
				format string
				bytes  int
				run    func()
			}{
				{"int8", p8.Bytes(), func() { kernel.GemmInt8(m, x, k, p8, 0, y, n) }},
				{"bf16", p16.Bytes(), func() { kernel.GemvBF16(m, x, k, p16, 0, y, n) }},
				{"bf16gemm", p16.Bytes(), func() { kernel.GemmBF16(m, x, k, p16, 0, y, n) }},
			} {
				if op.format == "bf16" && m > 100 || l == "scalar" && n*k > 1<<20 {
					continue
				}
				b.Run(fmt.Sprintf("format=%s/kernel=%s/m=%d/n=%d/k=%d", op.format, l, m, n, k), func(b *testing.B) {
					kernel.SetLevel(b, l)
					b.SetBytes(int64(op.bytes))
					b.ReportAllocs()
					gflops(b, 2*float64(m)*float64(n)*float64(k), op.run)
				})
			}
		}
	}
}
