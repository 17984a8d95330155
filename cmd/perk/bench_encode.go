package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/models"
)

// encoded is one length of a bench of encodes.
type encoded struct {
	Tokens    int     `json:"tokens"`
	Steps     int     `json:"steps"`
	Seconds   float64 `json:"seconds"`
	Rate      float64 `json:"tokens_per_second"`
	GFLOPS    float64 `json:"gflops"`
	Float32   float64 `json:"float32_share"`  // GFLOPS over the rate of a float32 product, measured before and after
	BF16      float64 `json:"bfloat16_share"` // the same with bfloat16
	PeakBytes int64   `json:"peak_bytes"`     // of the process so far
}

// encodeBench is what `perk bench encode` measured.
type encodeBench struct {
	machine
	Model     string            `json:"model"`
	Precision encoder.Precision `json:"precision"`
	Lengths   []encoded         `json:"lengths"`
}

// shapes are base models with random weights: what they cost is what trained ones cost.
var shapes = map[string]lm.Config{
	"gpt2":  {Arch: lm.ArchGPT2, Vocab: 50257, Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, FF: 3072, Context: 1024, NormEps: 1e-5, TieEmbeddings: true},
	"llama": llama135M(),
}

func newBenchEncode(a *app) *cobra.Command {
	b := &bench{}
	var shape, precision string
	var lengths []int
	var steps int
	c := &cobra.Command{
		Use:   "encode",
		Short: "Measure encodes of several lengths",
		Long: `Measure encodes of generated documents beside the rate of this machine's own matrix products (1024, 768, 3072), with the model of --model, or with one of random weights
and a published shape, whose recipe has rank 16 on every linear layer and four steps of AdamW.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if err := b.check(); err != nil {
				return err
			}
			m, err := benchModel(ctx, a, shape)
			if err != nil {
				return err
			}
			if steps > 0 && steps <= m.Recipe.Steps {
				m.Recipe.Steps, m.Recipe.Rates = steps, m.Recipe.Rates[:steps]
			}
			r := encodeBench{machine: b.machine(), Model: m.Name}
			reference := b.reference()
			for _, n := range lengths {
				e, form, err := b.encode(ctx, m, n, encoder.Precision(precision), reference)
				if err != nil {
					return err
				}
				r.Lengths, r.Precision = append(r.Lengths, e), form
			}
			w := cmd.OutOrStdout()
			if b.asJSON {
				return printJSON(w, r)
			}
			r.print(w)
			fmt.Fprintf(w, "%s, %s\n", r.Model, r.Precision)
			rows := [][]string{{"tokens", "steps", "seconds", "tokens/s", "GFLOPS", "of float32", "of bfloat16", "MiB"}}
			for _, e := range r.Lengths {
				rows = append(rows, []string{fmt.Sprint(e.Tokens), fmt.Sprint(e.Steps), fmt.Sprintf("%.3f", e.Seconds), fmt.Sprintf("%.0f", e.Rate), fmt.Sprintf("%.0f", e.GFLOPS),
					fmt.Sprintf("%.0f%%", 100*e.Float32), fmt.Sprintf("%.0f%%", 100*e.BF16), fmt.Sprint(e.PeakBytes >> 20)})
			}
			return writeTable(w, rows)
		}),
	}
	b.benchFlags(c)
	c.Flags().StringVar(&shape, "shape", "", "measure a model of random weights: gpt2 (124M parameters) or llama (135M)")
	c.Flags().StringVar(&precision, "precision", "", "float32 or bfloat16; default: bfloat16 where the CPU has it")
	c.Flags().IntSliceVar(&lengths, "tokens", []int{1024, 8192, 32768}, "lengths of documents, shortest first")
	c.Flags().IntVar(&steps, "steps", 0, "inner steps, fewer than the recipe's; 0: all of them")
	return c
}

// benchModel gives the model of a shape with the shipped tokenizer, or that of the flags.
func benchModel(ctx context.Context, a *app, shape string) (*models.Model, error) {
	if shape == "" {
		return a.load(ctx)
	}
	cfg, ok := shapes[shape]
	if !ok {
		return nil, perk.Errorf(perk.EInvalid, "bench", "there is no shape %q", shape).WithHint("use gpt2 or llama")
	}
	m, err := models.Load(ctx, models.Nano())
	if err != nil {
		return nil, err
	}
	if m.LM, err = randomModel(cfg); err != nil {
		return nil, err
	}
	limitGarbage(m.Parameters())
	m.Name = "random weights of the shape " + shape
	m.Recipe, err = recipe.Untrained(m.LM, m.Tokenizer)
	return m, err
}

// encode measures one length.
func (b *bench) encode(ctx context.Context, m *models.Model, tokens int, form encoder.Precision, reference func() [2]float64) (encoded, encoder.Precision, error) {
	out := encoded{Tokens: tokens}
	text, err := sampleText(m, tokens)
	if err != nil {
		return out, form, err
	}
	e, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: b.threads, Precision: form})
	if err != nil {
		return out, form, err
	}
	d := perk.Document{ID: perk.DocumentID{Collection: "bench", UUID: "text"}, Text: text}
	var seconds, f32, bf16 []float64
	var s encoder.Stats
	for range b.runs {
		before := reference()
		t, err := b.seconds(func() error {
			var err error
			_, s, err = e.EncodeStats(ctx, d, nil)
			return err
		})
		if err != nil {
			return out, form, err
		}
		after := reference()
		rate := s.FLOPs / t / 1e9
		seconds = append(seconds, t)
		f32 = append(f32, 2*rate/(before[0]+after[0]))
		bf16 = append(bf16, 2*rate/(before[1]+after[1]))
	}
	out.Tokens, out.Steps, out.Seconds = s.Tokens, s.Steps, quantile(seconds, .5)
	out.Rate, out.GFLOPS = float64(s.Tokens)/out.Seconds, s.FLOPs/out.Seconds/1e9
	out.Float32, out.BF16, out.PeakBytes = quantile(f32, .5), quantile(bf16, .5), peakMemory()
	return out, s.Precision, nil
}

// reference gives what measures the products that an encode is held against: GFLOPS in float32 and in bfloat16. Its operands stay, so that they are no garbage in the memory of
// the encodes.
func (b *bench) reference() func() [2]float64 {
	const m, n, k = 1024, 768, 3072
	w := make([]float32, n*k)
	for i := range w {
		w[i] = float32(i%13) - 6
	}
	f32, bf16 := kernel.Pack(true, k, n, w, k), kernel.PackBF16(true, k, n, w, k)
	once := *b
	once.runs = 1
	var wide, narrow []func()
	for range b.threads {
		x, y := make([]float32, m*k), make([]float32, m*n)
		for i := range x {
			x[i] = float32(i%7) - 3
		}
		wide = append(wide, func() { kernel.GemmPacked(m, x, k, f32, 0, y, n) })
		narrow = append(narrow, func() { kernel.GemmBF16(m, x, k, bf16, 0, y, n) })
	}
	return func() [2]float64 { return [2]float64{once.rate(2*m*n*k, wide), once.rate(2*m*n*k, narrow)} }
}
