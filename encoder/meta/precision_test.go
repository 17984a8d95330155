package meta

import (
	"math"
	"testing"

	"github.com/perkdb/perk/encoder"
)

// The outer gradient of the shipped form in bfloat16 points where that of float32 does. Where the CPU has no tiles of bfloat16 they are the same.
func TestPrecisionOfTheGradient(t *testing.T) {
	run := func(p encoder.Precision) *outcome[float32] {
		tr := shipped(t, func(c *Config) { c.Precision = p })
		e, err := newEpisode[float32](tr.c, tr.base, tr.params, groupSequences)
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.run(t.Context(), drawn(t, tr, 512))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	exact, rounded := run(encoder.Float32), run(encoder.BFloat16)
	if d := math.Abs(exact.loss - rounded.loss); d > 0.02*exact.loss {
		t.Errorf("loss %v, with bfloat16 %v", exact.loss, rounded.loss)
	}
	var both, one, other float64
	for i, g := range exact.outer {
		for j, v := range g {
			w := float64(rounded.outer[i][j])
			both, one, other = both+float64(v)*w, one+float64(v)*float64(v), other+w*w
		}
	}
	if cos := both / math.Sqrt(one*other); !(cos > 0.99) || math.Abs(math.Sqrt(other/one)-1) > 0.05 {
		t.Errorf("cosine %v, lengths %v and %v", cos, math.Sqrt(one), math.Sqrt(other))
	}
	t.Logf("loss %v and %v, cosine %v", exact.loss, rounded.loss, both/math.Sqrt(one*other))
}
