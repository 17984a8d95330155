package half_test

import (
	"math"
	"testing"

	"github.com/perkdb/perk/internal/half"
)

// TestHalf goes through every float16, and through what lies between two.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		x := half.Widen(uint16(h))
		if x != x {
			if back := half.Widen(half.Round(x)); back == back {
				t.Fatalf("%#04x is no longer NaN", h)
			}
			continue
		}
		if got := half.Round(x); got != uint16(h) {
			t.Fatalf("%#04x, %g, becomes %#04x", h, x, got)
		}
		if next := half.Widen(uint16(h) + 1); h&0x7fff < 0x7bff {
			even := uint16(h) + uint16(h)&1
			if got := half.Round((x + next) / 2); got != even {
				t.Fatalf("between %#04x and the next becomes %#04x, want %#04x", h, got, even)
			}
			if got := half.Round(math.Nextafter32((x+next)/2, next)); got != uint16(h)+1 {
				t.Fatalf("just above the middle becomes %#04x, want %#04x", got, h+1)
			}
		}
	}
	for x, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, -1e30: 0xfc00, 1e-30: 0} {
		if got := half.Round(x); got != want {
			t.Errorf("%g becomes %#04x, want %#04x", x, got, want)
		}
	}
}
