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

// Factors and the inverse itself give the same product; x is a combination of the keys, as gradients are.
func TestSolve(t *testing.T) {
	for _, size := range [][3]int{{12, 40, 5}, {90, 200, 3}, {64, 128, 70}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { solve(t, size[0], size[1], size[2]) })
	}
}

func solve(t *testing.T, m, n, rows int) {
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
	one, err := spd.Factorise(1, n, a, 0)
	if err != nil {
		t.Fatal(err)
	}
	three, err := spd.Factorise(3, n, a, 0)
	if err != nil {
		t.Fatal(err)
	}
	var first []float32
	for i, f := range []*spd.Factor{one, one, three} { // a factor serves several steps
		got := slices.Clone(x)
		spd.Solve(f, rows, got)
		if i == 0 {
			first = got
		} else if !slices.Equal(got, first) {
			t.Error("the product has other bits the second time, or on three threads")
		}
		diff, norm := 0.0, 0.0
		for i, w := range want {
			diff += (float64(got[i]) - w) * (float64(got[i]) - w)
			norm += w * w
		}
		if e := math.Sqrt(diff / norm); !(e < 2e-3) { // float32 in covariance and x, over the condition number
			t.Errorf("relative error %g", e)
		}
	}
}

// TestRound: each element, from the last to the first, is the level next to where the norm is least with the errors behind it as they are and those before it free, by the definition: the system
// of its own and the earlier elements solved anew for every one.
func TestRound(t *testing.T) {
	const n, rows, step = 70, 20, 0.3 // more than a block
	level := func(r int, v float64) float64 { return step * float64(r+1) * (math.Floor(v/step/float64(r+1)) + 0.5) }
	a := covariance(30, n, keys(30, n), 5e-2)
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, rows*n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	var got []float32
	for _, threads := range []int{1, 3} {
		f, err := spd.Factorise(threads, n, a, 0)
		if err != nil {
			t.Fatal(err)
		}
		y := slices.Clone(x)
		spd.Round(f, rows, y, level)
		if got != nil && !slices.Equal(got, y) {
			t.Error("three threads round otherwise than one")
		}
		got = y
	}
	moved := 0
	for i := n - 1; i >= 0; i-- {
		best := least(t, n, i+1, a)
		for r := range rows {
			to := float64(x[r*n+i])
			for j, share := range best {
				for k := i + 1; k < n; k++ {
					to += share * float64(a[j*n+k]) * float64(x[r*n+k]-got[r*n+k])
				}
			}
			if d := math.Abs(to - float64(got[r*n+i])); d > 0.5001*step*float64(r+1) {
				t.Fatalf("row %d, element %d: %v is %v from %v, more than half a step", r, i, got[r*n+i], d, to)
			}
			if math.Abs(float64(got[r*n+i])-level(r, float64(x[r*n+i]))) > 1e-4 {
				moved++
			}
		}
	}
	if moved < rows*n/20 {
		t.Errorf("%d of %d elements took another level than the next one: this tests nothing", moved, rows*n)
	}
}

// least is the last row of the inverse of the leading (m, m) part of a (n, n).
func least(t *testing.T, n, m int, a []float32) []float64 {
	lead, inverse := make([]float64, m*m), make([]float64, m*m)
	for j := range m {
		for k := range m {
			lead[j*m+k] = float64(a[j*n+k])
		}
	}
	if err := spd.Invert(m, lead, inverse); err != nil {
		t.Fatal(err)
	}
	return inverse[(m-1)*m:]
}

func TestFactoriseRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for name, a := range map[string][]float32{"indefinite": {1, 2, 2, 1}, "NaN": {nan, 1, 1, 1}, "NaN off the diagonal": {1, nan, nan, 1}, "negative": {-2, 0, 0, -2}} {
		if _, err := spd.Factorise(1, 2, a, 0); !errors.Is(err, spd.ErrNotPositive) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkSolve times a product (128, n) by an inverse: by the inverse itself, and by factors.
func BenchmarkSolve(b *testing.B) {
	const rows = 128
	for _, n := range []int{512, 1536} {
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
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("rank=%d/factors/threads=%d", n, threads), func(b *testing.B) {
				for b.Loop() {
					f, err := spd.Factorise(threads, n, a, 0)
					if err != nil {
						b.Fatal(err)
					}
					spd.Solve(f, rows, slices.Clone(x))
				}
			})
		}
	}
}
