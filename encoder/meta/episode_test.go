package meta

import (
	"context"
	"slices"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// TestMemoryDoesNotGrowWithTheDocument: 8,192 tokens take no buffer more than 1,024 do, for one inner step and for several.
func TestMemoryDoesNotGrowWithTheDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("needs some seconds")
	}
	for _, form := range []func(*Config){
		nil,
		func(c *Config) {
			c.Rule, c.Steps, c.Unroll = recipe.Rule{Name: recipe.Normalized, Eps: 1e-6}, 3, 2
			c.Targets[0].Full, c.Targets[0].TrainA = false, true
		},
	} {
		tr := shipped(t, func(c *Config) {
			c.Tasks = []Share{{Task: "babilong-qa1", Weight: 1}} // of any length
			if form != nil {
				form(c)
			}
		})
		e := tr.workers[0].episode
		var floats []int
		asks := drawn(t, tr, 1024).asks                  // of one length, that of a program's shape
		for _, tokens := range []int{1024, 1024, 8192} { // the first document leaves buffers for results behind
			s := drawn(t, tr, tokens)
			s.asks = asks
			if s.rows() < tokens {
				t.Fatalf("the document has %d tokens, want %d", s.rows(), tokens)
			}
			if _, err := e.run(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			floats = append(floats, e.pool.Floats())
		}
		if floats[1] == 0 || floats[1] != floats[2] {
			t.Errorf("1,024 tokens take %d floats, 8,192 tokens %d, want as many", floats[1], floats[2])
		}
	}
}

// TestGroupSizeDoesNotMatter: the groups of a document are a matter of memory, not of the result.
func TestGroupSizeDoesNotMatter(t *testing.T) {
	c, tok := tiny(t)
	tr := started(t, c, tok)
	s := shortSample(t, tr)
	var outer [][][]float64
	for _, n := range []int{3, len(s.sequences)} {
		e, err := newEpisode[float64](c, tr.base, tr.params, n)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from used programs
			out, err := e.run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			outer = append(outer, out.outer)
		}
	}
	for k, got := range outer {
		for i, p := range tr.params {
			top := max(slices.Max(outer[0][i]), -slices.Min(outer[0][i]))
			for j, v := range got[i] {
				if d := v - outer[0][i][j]; d > 1e-10*top || d < -1e-10*top {
					t.Fatalf("run %d: gradient of %s element %d is %g, before %g", k, p.Name, j, v, outer[0][i][j])
				}
			}
		}
	}
}

func TestEpisodeIsCanceled(t *testing.T) {
	c, tok := tiny(t)
	tr := started(t, c, tok)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.workers[0].run(ctx, shortSample(t, tr)); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want a canceled one", err)
	}
}
