package spd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perkdb/perk/internal/spd"
)

// keys are m rows of n whose first element is large, as a document's keys have a common part; the last row repeats the first.
func keys(m, n int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	q := make([]float32, m*n)
	for i := range q {
		q[i] = float32(rng.NormFloat64()) * 0.1
		if i%n == 0 {
			q[i] += 3
		}
	}
	copy(q[(m-1)*n:], q[:n])
	return q
}

// covariance is Q^T Q + lambda I, summed in float64.
func covariance(m, n int, q []float32, lambda float32) []float32 {
	a := make([]float32, n*n)
	for i := range n {
		for j := range n {
			s := 0.0
			for k := range m {
				s += float64(q[k*n+i]) * float64(q[k*n+j])
			}
			if i == j {
				s += float64(lambda)
			}
			a[i*n+j] = float32(s)
		}
	}
	return a
}

// Both forms, and the inverse itself, give the same product; x is a combination of the keys, as gradients are.
func TestFormsAgree(t *testing.T) {
	for _, size := range [][3]int{{12, 40, 5}, {90, 200, 3}, {64, 128, 70}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { formsAgree(t, size[0], size[1], size[2]) })
	}
}

func formsAgree(t *testing.T, m, n, rows int) {
	const lambda = 5e-3
	q := keys(m, n)
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, rows*n)
	for r := range rows {
		for k := range m {
			c := float32(rng.NormFloat64())
			for j := range n {
				x[r*n+j] += c * q[k*n+j]
			}
		}
	}
	a := covariance(m, n, q, lambda)
	inverse := make([]float32, n*n)
	if err := spd.Invert(n, a, inverse); err != nil {
		t.Fatal(err)
	}
	var want []float64
	for r := range rows {
		for j := range n {
			s := 0.0
			for k := range n {
				s += float64(x[r*n+k]) * float64(inverse[k*n+j])
			}
			want = append(want, s)
		}
	}
	primal, err := spd.Factorise(n, a, 0)
	if err != nil {
		t.Fatal(err)
	}
	dual, err := spd.FactoriseDual(m, n, q, lambda)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*spd.Factor{"primal": primal, "dual": dual} {
		for range 2 { // a factor serves several steps
			got := slices.Clone(x)
			spd.Solve(f, rows, got)
			diff, norm := 0.0, 0.0
			for i, w := range want {
				diff += (float64(got[i]) - w) * (float64(got[i]) - w)
				norm += w * w
			}
			if e := math.Sqrt(diff / norm); !(e < 2e-3) { // float32 in covariance and x, over the condition number
				t.Errorf("%s: relative error %g", name, e)
			}
		}
	}
}

func TestFactorsRefuse(t *testing.T) {
	nan := float32(math.NaN())
	if _, err := spd.Factorise(2, []float32{1, 2, 2, 1}, 0); !errors.Is(err, spd.ErrNotPositive) {
		t.Errorf("indefinite: %v", err)
	}
	for name, c := range map[string]struct {
		q      []float32
		lambda float32
	}{"NaN": {[]float32{nan, 1, 1, 1}, 1}, "negative lambda": {[]float32{1, 0, 1, 0}, -2}, "repeated rows": {[]float32{1, 0, 1, 0}, 0}} {
		if _, err := spd.FactoriseDual(2, 2, c.q, c.lambda); !errors.Is(err, spd.ErrNotPositive) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkRidge times what whitens the gradient (128, rank) of one document: by the inverse, by factors, and in the dual form of so many keys.
func BenchmarkRidge(b *testing.B) {
	const rows = 128
	for _, n := range []int{512, 768} {
		x := keys(rows, n)
		a := covariance(64, n, keys(64, n), 1)
		b.Run(fmt.Sprintf("rank=%d/inverse", n), func(b *testing.B) {
			out := make([]float32, n*n)
			for b.Loop() {
				if err := spd.Invert(n, a, out); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("rank=%d/factors", n), func(b *testing.B) {
			for b.Loop() {
				f, err := spd.Factorise(n, a, 0)
				if err != nil {
					b.Fatal(err)
				}
				spd.Solve(f, rows, slices.Clone(x))
			}
		})
		for _, m := range []int{100, 200, 300, 400} {
			q := keys(m, n)
			b.Run(fmt.Sprintf("rank=%d/dual=%d", n, m), func(b *testing.B) {
				for b.Loop() {
					f, err := spd.FactoriseDual(m, n, q, 1)
					if err != nil {
						b.Fatal(err)
					}
					spd.Solve(f, rows, slices.Clone(x))
				}
			})
		}
	}
}
