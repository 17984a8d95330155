package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/kernel"
)

var nan = float32(math.NaN())

// mat returns a (rows, cols) matrix of stride ld whose gaps hold NaN, so that a
// kernel that reads or writes between rows is seen.
func mat(r *rand.Rand, rows, cols, ld int) []float32 {
	if rows == 0 || cols == 0 {
		return nil
	}
	x := make([]float32, (rows-1)*ld+cols)
	for i := range x {
		x[i] = nan
		if i%ld < cols {
			x[i] = float32(r.NormFloat64())
		}
	}
	return x
}

func widen(x []float32) []float64 {
	w := make([]float64, len(x))
	for i, v := range x {
		w[i] = float64(v)
	}
	return w
}

func absAll(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Abs(v)
	}
	return y
}

// product is one call of Gemm with strides that exceed the widths by pad.
type product struct {
	ta, tb        bool
	m, n, k       int
	lda, ldb, ldc int
	beta          float32
	a, b, c       []float32
}

func newProduct(r *rand.Rand, ta, tb bool, m, n, k, pad int, beta float32) *product {
	p := &product{ta: ta, tb: tb, m: m, n: n, k: k, beta: beta}
	ar, ac, br, bc := m, k, k, n
	if ta {
		ar, ac = k, m
	}
	if tb {
		br, bc = n, k
	}
	p.lda, p.ldb, p.ldc = max(ac+pad, 1), max(bc+pad, 1), max(n+pad, 1)
	p.a, p.b, p.c = mat(r, ar, ac, p.lda), mat(r, br, bc, p.ldb), mat(r, m, n, p.ldc)
	return p
}

func (p *product) run(c []float32) []float32 {
	kernel.Gemm(p.ta, p.tb, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.beta, c, p.ldc)
	return c
}

// check compares got with the float64 oracle; the error may be a few roundings
// of the sum of the magnitudes.
func (p *product) check(t *testing.T, got []float32) {
	t.Helper()
	a, b, want := widen(p.a), widen(p.b), widen(p.c)
	mag := absAll(want)
	kernel.GemmRef(p.ta, p.tb, p.m, p.n, p.k, a, p.lda, b, p.ldb, float64(p.beta), want, p.ldc)
	kernel.GemmRef(p.ta, p.tb, p.m, p.n, p.k, absAll(a), p.lda, absAll(b), p.ldb, math.Abs(float64(p.beta)), mag, p.ldc)
	eps := math.Ldexp(1, -24) * (4 + float64(p.k))
	for i := range got {
		g := float64(got[i])
		if i%p.ldc >= p.n {
			if !math.IsNaN(g) {
				t.Fatalf("wrote between rows, at %d", i)
			}
		} else if !same(g, want[i], eps*mag[i]+1e-37) {
			t.Fatalf("C[%d][%d] = %v, want %v", i/p.ldc, i%p.ldc, g, want[i])
		}
	}
}

// same tells whether got is want within tol, or the same special value.
func same(got, want, tol float64) bool {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return math.IsNaN(got) == math.IsNaN(want) && (math.IsNaN(got) || got == want)
	}
	return math.Abs(got-want) <= tol
}

func eachLevel(t *testing.T, run func(t *testing.T)) {
	for _, l := range kernel.Levels() {
		t.Run("kernel="+l, func(t *testing.T) {
			kernel.SetLevel(t, l)
			run(t)
		})
	}
}

// sameBits fails unless x and y are equal bit for bit; it takes NaN for NaN.
func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d is %x, want %x", what, i, got[i], want[i])
		}
	}
}

func clone(x []float32) []float32 { return append([]float32(nil), x...) }

func TestGemmMatchesOracle(t *testing.T) {
	sizes := []int{0, 1, 2, 3, 5, 7, 13, 14, 15, 16, 17, 29, 31, 32, 33, 37, 48, 64, 71}
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 1500 {
			m, n, k := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			beta := []float32{0, 1, -0.5}[r.IntN(3)]
			p := newProduct(r, r.IntN(2) == 1, r.IntN(2) == 1, m, n, k, r.IntN(2)*r.IntN(20), beta)
			t.Run(fmt.Sprintf("ta=%v/tb=%v/m=%d/n=%d/k=%d/beta=%v", p.ta, p.tb, m, n, k, beta), func(t *testing.T) {
				p.check(t, p.run(clone(p.c)))
			})
		}
	})
}

func TestGemmBlocksMatchOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		shapes := [][3]int{{17, 300, 600}, {64, 33, 1025}, {30, 513, 512}, {9, 17, 2048}, {130, 64, 513}, {20, 270, 1024}}
		if raceEnabled {
			shapes = [][3]int{{17, 270, 520}} // the oracle is slow there
		}
		for _, s := range shapes {
			for flags := range 4 {
				p := newProduct(r, flags&1 != 0, flags&2 != 0, s[0], s[1], s[2], 0, 1)
				p.check(t, p.run(clone(p.c)))
			}
		}
	})
}

// Rows of A that are a multiple of 4 KiB apart are copied first where a tile has many of them; the bits are those of rows that are not.
func TestGemmOfRowsFarApart(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, k := range []int{1, 15, 16, 33, 512, 600} {
			near := newProduct(r, false, k%2 == 0, 31, 70, k, 3, 1)
			far := *near
			far.lda = 1024
			far.a = mat(r, far.m, far.k, far.lda)
			for i := range far.m {
				copy(far.a[i*far.lda:][:far.k], near.a[i*near.lda:])
			}
			got := far.run(clone(far.c))
			far.check(t, got)
			want := near.run(clone(near.c))
			for i := range far.m {
				sameBits(t, fmt.Sprintf("k=%d, row %d", k, i), got[i*far.ldc:][:far.n], want[i*far.ldc:][:far.n])
			}
		}
	})
}

func TestGemmBetaZeroIgnoresC(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, beta := range []float32{0, float32(math.Copysign(0, -1))} {
			for _, k := range []int{0, 5, 600} {
				p := newProduct(r, false, false, 17, 35, k, 0, beta)
				want := p.run(make([]float32, len(p.c)))
				for i := range p.c {
					p.c[i] = nan
				}
				sameBits(t, "C", p.run(p.c), want)
			}
		}
	})
}

func TestGemmSpecialValues(t *testing.T) {
	inf, tiny := float32(math.Inf(1)), math.Float32frombits(7)
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for range 60 {
			p := newProduct(r, r.IntN(2) == 1, r.IntN(2) == 1, 1+r.IntN(33), 1+r.IntN(40), 1+r.IntN(20), 0, 0)
			for _, v := range []float32{inf, -inf, nan, tiny, 0, 1e18} {
				p.a[r.IntN(len(p.a))] = v
				p.b[r.IntN(len(p.b))] = v
			}
			p.check(t, p.run(clone(p.c)))
		}
		c := []float32{0}
		kernel.Gemm(false, false, 1, 1, 1, []float32{tiny}, 1, []float32{1}, 1, 0, c, 1)
		if c[0] != tiny {
			t.Errorf("a denormal became %g, want %g", c[0], tiny)
		}
	})
}

// The contract of the package comment: rows may be split in any way.
func TestGemmRowsAreIndependent(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		shapes := [][3]int{{64, 64, 32}, {61, 70, 513}, {100, 16, 100}, {33, 300, 129}, {70, 48, 1100}, {15, 5, 2048}, {64, 288, 768}}
		if raceEnabled {
			shapes = shapes[:3]
		}
		for _, s := range shapes {
			m, n, k := s[0], s[1], s[2]
			for flags := range 8 {
				p := newProduct(r, flags&1 != 0, flags&2 != 0, m, n, k, flags&4, 0.5)
				want := p.run(clone(p.c))
				packed := kernel.Pack(p.tb, k, n, p.b, p.ldb)
				steps := []int{1, 2, 3, 13, 14, 29, m}
				if raceEnabled || testing.Short() {
					steps = []int{1, 13}
				}
				for _, step := range steps {
					got, got2 := clone(p.c), clone(p.c)
					for i := 0; i < m; i += step {
						a := p.a[i:]
						if !p.ta {
							a = p.a[i*p.lda:]
						}
						rows := min(step, m-i)
						kernel.Gemm(p.ta, p.tb, rows, n, k, a, p.lda, p.b, p.ldb, 0.5, got[i*p.ldc:], p.ldc)
						if !p.ta {
							kernel.GemmPacked(rows, a, p.lda, packed, 0.5, got2[i*p.ldc:], p.ldc)
						}
					}
					what := fmt.Sprintf("m=%d n=%d k=%d flags=%d step=%d", m, n, k, flags, step)
					sameBits(t, what, got, want)
					if !p.ta && kernel.Features() != "scalar" {
						sameBits(t, "packed "+what, got2, want)
					}
				}
				if kernel.Features() == "scalar" {
					continue
				}
				got := clone(p.c) // split over columns of C
				for j := 0; j < n; j += 7 {
					b := p.b[j:]
					if p.tb {
						b = p.b[j*p.ldb:]
					}
					kernel.Gemm(p.ta, p.tb, m, min(7, n-j), k, p.a, p.lda, b, p.ldb, 0.5, got[j:], p.ldc)
				}
				sameBits(t, "columns", got, want)
			}
		}
	})
}

func TestGemmVectorSetsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 40 {
		p := newProduct(r, r.IntN(2) == 1, r.IntN(2) == 1, 1+r.IntN(70), 1+r.IntN(70), 1+r.IntN(1200), 0, 0.3)
		var want []float32
		for _, l := range kernel.Levels() {
			if l == "scalar" {
				continue
			}
			kernel.SetLevel(t, l)
			got := p.run(clone(p.c))
			if want != nil {
				sameBits(t, l, got, want)
			}
			want = got
		}
	}
}

func TestGemmPackedMatchesOracle(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, s := range [][3]int{{0, 3, 3}, {3, 0, 3}, {3, 3, 0}, {1, 1, 1}, {29, 33, 65}, {40, 257, 600}, {5, 600, 31}} {
			for _, tb := range []bool{false, true} {
				p := newProduct(r, false, tb, s[0], s[1], s[2], 3, 1)
				packed := kernel.Pack(tb, p.k, p.n, p.b, p.ldb)
				if k, n := packed.Shape(); k != p.k || n != p.n {
					t.Errorf("Shape() = %d, %d", k, n)
				}
				got := clone(p.c)
				kernel.GemmPacked(p.m, p.a, p.lda, packed, 1, got, p.ldc)
				p.check(t, got)
			}
		}
	})
}

func FuzzGemm(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint16(7), uint8(0), uint8(0), uint64(1))
	f.Add(uint8(29), uint8(65), uint16(513), uint8(3), uint8(5), uint64(2))
	f.Fuzz(func(t *testing.T, m, n uint8, k uint16, flags, pad uint8, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		beta := []float32{0, 1, 0.25, -3}[flags>>2&3]
		p := newProduct(r, flags&1 != 0, flags&2 != 0, int(m), int(n), int(k%1200), int(pad), beta)
		eachLevel(t, func(t *testing.T) {
			got := p.run(clone(p.c))
			p.check(t, got)
			for i := range p.m {
				a := p.a
				if p.k > 0 && p.ta {
					a = p.a[i:]
				} else if p.k > 0 {
					a = p.a[i*p.lda:]
				}
				if p.n == 0 {
					break
				}
				row := clone(p.c[i*p.ldc : i*p.ldc+p.n])
				kernel.Gemm(p.ta, p.tb, 1, p.n, p.k, a, p.lda, p.b, p.ldb, beta, row, p.ldc)
				sameBits(t, "row", row, got[i*p.ldc:i*p.ldc+p.n])
			}
		})
	})
}
