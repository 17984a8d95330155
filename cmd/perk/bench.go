package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

func newBench(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure products, encodes, answers and decodes, beside what the machine itself can do",
		Long: `Measure what perk does on this machine. Figures that are ratios come from one run, in turns, and are medians of several rounds, so that what else runs
on the machine weighs on both sides.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(newBenchKernel(a), newBenchEncode(a), newBenchAsk(a), newBenchDecode(a))
	return c
}

// rounds is how often the sides of a comparison take turns.
const rounds = 5

// quantile gives the value below which the share q of the values lies; it sorts them. There must be one at least.
func quantile[T cmp.Ordered](values []T, q float64) T {
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}

// spread is how long something took.
type spread struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

func newSpread(took []time.Duration) spread {
	ms := func(q float64) float64 { return quantile(took, q).Seconds() * 1e3 }
	return spread{ms(.5), ms(.99)}
}
