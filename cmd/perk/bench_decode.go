package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// decodeReport is what `perk bench decode` measured, on one thread.
type decodeReport struct {
	machine
	Precision string  `json:"precision"`
	Prompt    int     `json:"prompt_tokens"`
	Bytes     int64   `json:"bytes"` // that a token reads: matrices, adapter, keys and values
	Prefill   float64 `json:"prefill_tokens_per_s"`
	Tokens    float64 `json:"tokens_per_s"`
	Rate      float64 `json:"bytes_per_s"`
	Memory    float64 `json:"memory_bytes_per_s"` // of a sum over an array, in turns with the tokens
	Share     float64 `json:"share"`              // median of Rate / Memory, round by round
}

// llama135M is the shape of SmolLM2-135M.
func llama135M() lm.Config {
	return lm.Config{Arch: lm.ArchLlama, Vocab: 49152, Dim: 576, Layers: 30, Heads: 9, KVHeads: 3, FF: 1536, Context: 16384, RopeTheta: 1e5, NormEps: 1e-5, TieEmbeddings: true}
}

func newBenchDecode(a *app) *cobra.Command {
	plan := decodePlan{bench: bench{threads: 1, runs: rounds}, shape: llama135M(), array: 256 << 20}
	var name, peer string
	c := &cobra.Command{
		Use:   "decode",
		Short: "Measure one stream of a 135M-parameter Llama beside the machine's memory",
		Long: `Decode one stream of the shape of a 135M-parameter Llama (30 layers of width 576, 49,152 tokens) with random weights, on one thread, in turns with the
machine's own memory: a decoded token cannot be faster than reading all weights.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if peer != "" {
				return writePeer(peer, llama135M())
			}
			var err error
			if plan.precision, err = precision(name); err != nil {
				return err
			}
			r, err := plan.measure(ctx)
			if err != nil {
				return err
			}
			if plan.asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			r.machine.print(cmd.OutOrStdout())
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "135M-parameter Llama, %s: prompt of %d tokens at %.0f tokens/s, decode at %.1f tokens/s\n"+
				"%.1f MB a token, %.1f GB/s of the memory's %.1f (%.0f%%)\n", r.Precision, r.Prompt, r.Prefill, r.Tokens, float64(r.Bytes)/1e6, r.Rate/1e9, r.Memory/1e9, 100*r.Share)
			return err
		}),
	}
	c.Flags().StringVar(&name, "precision", lm.Int8.String(), "int8, bfloat16 or float32 weights")
	c.Flags().IntVar(&plan.rank, "rank", 0, "rank of an adapter of all linear layers; 0: none")
	c.Flags().IntVar(&plan.prompt, "prompt", 64, "tokens read before")
	c.Flags().IntVar(&plan.tokens, "tokens", 32, "tokens decoded in each run")
	c.Flags().IntVar(&plan.runs, "runs", rounds, "measurements of which the median is told")
	c.Flags().BoolVar(&plan.cpu, "cpu", false, "count CPU time in place of wall time: the fair clock where other programs have a share of the core")
	c.Flags().StringVar(&peer, "gguf", "", "write the model to this file as Q8_0, for llama.cpp, in place of measuring (tools/peers)")
	c.Flags().BoolVar(&plan.asJSON, "json", false, "print JSON")
	return c
}

// precision finds a form of weights by its name. Errors: EInvalid.
func precision(name string) (lm.Precision, error) {
	for _, p := range []lm.Precision{lm.BFloat16, lm.Int8, lm.Float32} {
		if p.String() == name {
			return p, nil
		}
	}
	return 0, perk.Errorf(perk.EInvalid, "precision", "there is no precision %q", name).WithHint("use int8, bfloat16 or float32")
}

// randomModel fills a configuration with weights whose activations keep their size.
func randomModel(cfg lm.Config) (*lm.Model, error) {
	shapes, err := lm.Tensors(cfg)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 135))
	weights := map[string][]float32{}
	for _, t := range shapes {
		n, in := 1, t.Shape[len(t.Shape)-1]
		for _, d := range t.Shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			if len(t.Shape) == 1 {
				data[i] = 1 // gains
				continue
			}
			data[i] = (2*rng.Float32() - 1) * float32(math.Sqrt(3/float64(in)))
		}
		weights[t.Name] = data
	}
	return lm.New(cfg, weights)
}

// randomAdapter adapts every linear layer; nil where the rank is 0.
func randomAdapter(m *lm.Model, rank int) *lora.Adapter {
	if rank == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(2, 135))
	ad := &lora.Adapter{Scale: 1 / float32(rank), Pairs: map[string]*lora.Pair{}}
	for _, l := range m.Linears() {
		p := lora.NewPair(l.In, l.Out, rank)
		for _, x := range [][]float32{p.A, p.B} {
			for i := range x {
				x[i] = 2*rng.Float32() - 1
			}
		}
		ad.Pairs[l.Name] = p
	}
	return ad
}

// decodePlan is what is to be measured: tokens of one stream, in turns with reading an array of so many bytes.
type decodePlan struct {
	bench
	shape                       lm.Config
	precision                   lm.Precision
	rank, prompt, tokens, array int
}

// stream is one sequence that is decoded greedily.
type stream struct {
	d    *lm.Decoder
	seq  *lm.Sequence
	next [1]int32
	span [1]lm.Span
}

func (s *stream) read(tokens []int32) {
	s.span[0] = lm.Span{Sequence: s.seq, Tokens: tokens, Want: true}
	s.d.Run(s.span[:])
}

func (s *stream) step() {
	s.next[0] = likeliest(s.d.Logits(0))
	s.read(s.next[:])
}

func (b *decodePlan) measure(ctx context.Context) (*decodeReport, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	c := b.shape
	m, err := randomModel(c)
	if err != nil {
		return nil, err
	}
	w := m.Weights(b.precision, nil)
	adapted, err := w.Adapt(randomAdapter(m, b.rank))
	if err != nil {
		return nil, err
	}
	s := &stream{d: w.NewDecoder(64), seq: m.NewSequence()}
	s.seq.Reset(adapted)
	text := make([]int32, max(1, b.prompt))
	for i := range text {
		text[i] = int32(i * 7919 % c.Vocab)
	}
	if err := s.seq.Check(append(text, make([]int32, b.runs*b.tokens)...)); err != nil {
		return nil, err
	}
	r := &decodeReport{machine: b.machine(), Precision: b.precision.String(), Prompt: len(text)}
	took, err := b.seconds(func() error {
		for block := range slices.Chunk(text, s.d.Rows()) {
			if err := ctx.Err(); err != nil {
				return perk.E(perk.ECanceled, "bench", err)
			}
			s.read(block)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Prefill = float64(len(text)) / took
	block := make([]float32, b.array/4)
	for i := range block {
		block[i] = 1
	}
	kv := int64(8 * c.Layers * c.KVHeads * c.Dim / c.Heads) // of one position
	var speed, rate, memory, share []float64
	for range b.runs {
		bytes := int64(0)
		took, err := b.seconds(func() error {
			for range b.tokens {
				s.step()
				r.Bytes = w.Bytes() + adapted.Bytes() + kv*int64(s.seq.Len())
				bytes += r.Bytes
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, perk.E(perk.ECanceled, "bench", err)
		}
		const reads = 3
		read, _ := b.seconds(func() error { // cannot fail
			for range reads {
				kernel.Sum(block)
			}
			return nil
		})
		speed, rate, memory = append(speed, float64(b.tokens)/took), append(rate, float64(bytes)/took), append(memory, reads*float64(b.array)/read)
		share = append(share, rate[len(rate)-1]/memory[len(memory)-1])
	}
	r.Tokens, r.Rate, r.Memory, r.Share = quantile(speed, .5), quantile(rate, .5), quantile(memory, .5), quantile(share, .5)
	return r, nil
}

// likeliest is the token of greedy decoding.
func likeliest(logits []float32) int32 {
	best, most := 0, logits[0]
	for i, v := range logits {
		if v > most {
			best, most = i, v
		}
	}
	return int32(best)
}
