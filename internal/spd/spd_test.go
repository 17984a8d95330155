package spd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perkdb/perk/internal/spd"
)

func TestInvert(t *testing.T) {
	for _, n := range []int{1, 40, 64, 150} { // within a block, one, several and a part of one
		t.Run(fmt.Sprint(n), func(t *testing.T) { invert(t, n) })
	}
}

func invert(t *testing.T, n int) {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n*n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	a := make([]float64, n*n)
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += x[i*n+k] * x[j*n+k]
			}
		}
		a[i*n+i] += 0.1
	}
	inv := make([]float64, n*n)
	if err := spd.Invert(n, a, inv); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range n {
			s, want := 0.0, 0.0
			for k := range n {
				s += a[i*n+k] * inv[k*n+j]
			}
			if i == j {
				want = 1
			}
			if math.Abs(s-want) > 1e-7 {
				t.Fatalf("(A A^-1)[%d,%d] = %g, want %g", i, j, s, want)
			}
		}
	}
}

func TestInvertRefuses(t *testing.T) {
	for name, a := range map[string][]float32{"indefinite": {1, 2, 2, 1}, "NaN": {float32(math.NaN()), 0, 0, 1}} {
		if err := spd.Invert(2, a, make([]float32, 4)); !errors.Is(err, spd.ErrNotPositive) {
			t.Errorf("%s: error %v, want %v", name, err, spd.ErrNotPositive)
		}
	}
}

// A covariance that rounding has left a little short of positive definite is inverted all the same; what is further off is refused.
func TestInvertShifts(t *testing.T) {
	out := make([]float32, 4)
	if err := spd.Invert(2, []float32{1, 1, 1, 1 - 1e-6}, out); err != nil || !(out[0] > 1e4) || out[1] != out[2] {
		t.Errorf("%v, %v", out, err)
	}
	if err := spd.Invert(2, []float32{1, 1.01, 1.01, 1}, out); !errors.Is(err, spd.ErrNotPositive) {
		t.Errorf("error %v, want %v", err, spd.ErrNotPositive)
	}
}
