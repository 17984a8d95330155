package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/plot"
)

// product is a matrix product of the encode (many rows) or of the decode (one row): m rows of k numbers by a frozen (k, n).
type product struct {
	Use     string `json:"use"`
	M, N, K int
	Float32 float64 `json:"float32"` // GFLOPS, all three
	BF16    float64 `json:"bfloat16"`
	Int8    float64 `json:"int8"`
}

// kernelReport is what `perk bench kernel` measured.
type kernelReport struct {
	machine
	Bandwidth float64   `json:"bandwidth"` // GB/s of reading memory
	Products  []product `json:"products"`
}

// products are the shapes of perk-nano, of GPT-2 small, and of a 135M-parameter Llama.
var products = []product{
	{Use: "nano attention", M: 1024, N: 128, K: 128}, {Use: "nano up", M: 1024, N: 512, K: 128}, {Use: "nano down", M: 1024, N: 128, K: 512},
	{Use: "nano head", M: 1024, N: 2048, K: 128}, {Use: "gpt2 up", M: 1024, N: 3072, K: 768}, {Use: "gpt2 down", M: 1024, N: 768, K: 3072},
	{Use: "nano token", M: 1, N: 512, K: 128}, {Use: "llama token", M: 1, N: 1536, K: 576}, {Use: "head token", M: 1, N: 49152, K: 576},
}

func newBenchKernel(a *app) *cobra.Command {
	b := &bench{}
	var roof string
	c := &cobra.Command{
		Use:   "kernel",
		Short: "Measure matrix products and memory",
		Args:  cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if err := b.check(); err != nil {
				return err
			}
			r := kernelReport{machine: b.machine(), Bandwidth: b.bandwidth()}
			for _, p := range products {
				if err := ctx.Err(); err != nil {
					return perk.E(perk.ECanceled, "bench", err)
				}
				b.multiply(&p)
				r.Products = append(r.Products, p)
			}
			if roof != "" {
				svg, err := r.roofline()
				if err != nil {
					return err
				}
				if err := os.WriteFile(roof, svg, 0o644); err != nil {
					return perk.E(perk.EDenied, "bench", err).WithHint("name a file that can be written by --roofline")
				}
			}
			w := cmd.OutOrStdout()
			if b.asJSON {
				return printJSON(w, r)
			}
			r.print(w)
			fmt.Fprintf(w, "reading memory: %.1f GB/s\n", r.Bandwidth)
			rows := [][]string{{"GFLOPS", "m", "n", "k", "float32", "bfloat16", "int8"}}
			for _, p := range r.Products {
				rows = append(rows, []string{p.Use, fmt.Sprint(p.M), fmt.Sprint(p.N), fmt.Sprint(p.K), fmt.Sprintf("%.0f", p.Float32), fmt.Sprintf("%.0f", p.BF16), fmt.Sprintf("%.0f", p.Int8)})
			}
			return writeTable(w, rows)
		}),
	}
	b.benchFlags(c)
	c.Flags().StringVar(&roof, "roofline", "", "draw the rates under the machine's roof into this SVG file")
	return c
}

// rate measures work of amount units a call, on all threads at once, in units a nanosecond. Each thread has calls of its own.
func (b *bench) rate(amount float64, calls []func()) float64 {
	const least = 0.05 // seconds
	times := 1
	run := func() float64 {
		s, _ := b.seconds(func() error { // nothing in it fails
			var running sync.WaitGroup
			for _, call := range calls {
				running.Go(func() {
					for range times {
						call()
					}
				})
			}
			running.Wait()
			return nil
		})
		return s
	}
	for run() < least && times < 1<<20 {
		times *= 2
	}
	var rates []float64
	for range b.runs {
		rates = append(rates, amount*float64(times*len(calls))/max(run(), float64(time.Nanosecond)/1e9)/1e9)
	}
	return quantile(rates, .5)
}

// bandwidth reads memory that no cache holds.
func (b *bench) bandwidth() float64 {
	const floats = 64 << 20
	share := floats / b.threads
	x := make([]float32, floats)
	for i := range x {
		x[i] = 1
	}
	var calls []func()
	for i := range b.threads {
		part := x[i*share : (i+1)*share]
		calls = append(calls, func() { kernel.Sum(part) })
	}
	return b.rate(4*float64(share), calls)
}

// multiply measures a product in each form. Its weights are frozen; one row goes by matrix-vector product.
func (b *bench) multiply(p *product) {
	w := make([]float32, p.N*p.K)
	for i := range w {
		w[i] = float32(i%13) - 6
	}
	f32, bf16, int8 := kernel.Pack(true, p.K, p.N, w, p.K), kernel.PackBF16(true, p.K, p.N, w, p.K), kernel.PackInt8(true, p.K, p.N, w, p.K)
	run := func(product func(x, y []float32)) float64 {
		var calls []func()
		for range b.threads {
			x, y := make([]float32, p.M*p.K), make([]float32, p.M*p.N)
			for i := range x {
				x[i] = float32(i%7) - 3
			}
			calls = append(calls, func() { product(x, y) })
		}
		return b.rate(2*float64(p.M)*float64(p.N)*float64(p.K), calls)
	}
	if p.M == 1 {
		p.Float32 = run(func(x, y []float32) { kernel.Gemv(p.N, p.K, w, p.K, x, 0, y) })
		p.BF16 = run(func(x, y []float32) { kernel.GemvBF16(1, x, p.K, bf16, 0, y, p.N) })
	} else {
		p.Float32 = run(func(x, y []float32) { kernel.GemmPacked(p.M, x, p.K, f32, 0, y, p.N) })
		p.BF16 = run(func(x, y []float32) { kernel.GemmBF16(p.M, x, p.K, bf16, 0, y, p.N) })
	}
	p.Int8 = run(func(x, y []float32) { kernel.GemmInt8(p.M, x, p.K, int8, 0, y, p.N) })
}

// roofline draws every product at its arithmetic intensity, with weights, activations and results read or written once, under what the machine's memory and its
// best measured products allow.
func (r *kernelReport) roofline() ([]byte, error) {
	forms := []struct {
		name  string
		bytes float64 // a weight
		rate  func(p product) float64
	}{{"float32", 4, func(p product) float64 { return p.Float32 }}, {"bfloat16", 2, func(p product) float64 { return p.BF16 }}, {"int8", 1, func(p product) float64 { return p.Int8 }}}
	c := plot.Chart{Title: "Matrix products under the roof of " + r.CPU, X: "FLOP a byte of memory", Y: "GFLOPS", Log: true, LogY: true}
	for _, f := range forms {
		best := 0.0
		for _, p := range r.Products {
			best = max(best, f.rate(p))
		}
		roof := plot.Series{Name: "roof of " + f.name, Dashed: true}
		for x := 0.25; x <= 1024; x *= 2 {
			y := min(best, r.Bandwidth*x)
			roof.Points = append(roof.Points, plot.Point{X: x, Y: y, Low: y, High: y})
		}
		c.Series = append(c.Series, roof)
		points := plot.Series{Name: f.name, Loose: true}
		for _, p := range r.Products {
			m, n, k := float64(p.M), float64(p.N), float64(p.K)
			y := f.rate(p)
			points.Points = append(points.Points, plot.Point{X: 2 * m * n * k / (f.bytes*n*k + 4*m*(n+k)), Y: y, Low: y, High: y})
		}
		c.Series = append(c.Series, points)
	}
	return c.SVG()
}
