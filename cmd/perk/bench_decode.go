package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
)

// decodeReport is what `perk bench decode` measured, on one thread.
type decodeReport struct {
	Precision string  `json:"precision"`
	Kernel    string  `json:"kernel"`
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
	var asJSON bool
	var name, peer string
	var prompt, tokens, rank int
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
			p, err := precision(name)
			if err != nil {
				return err
			}
			r, err := benchDecode(ctx, llama135M(), p, rank, prompt, tokens, 256<<20)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "135M-parameter Llama, %s on %s kernels, one thread: prompt of %d tokens at %.0f tokens/s, decode at %.1f tokens/s\n"+
				"%.1f MB a token, %.1f GB/s of the memory's %.1f (%.0f%%)\n", r.Precision, r.Kernel, r.Prompt, r.Prefill, r.Tokens, float64(r.Bytes)/1e6, r.Rate/1e9, r.Memory/1e9, 100*r.Share)
			return err
		}),
	}
	c.Flags().StringVar(&name, "precision", lm.Int8.String(), "int8, bfloat16 or float32 weights")
	c.Flags().IntVar(&rank, "rank", 0, "rank of an adapter of all linear layers; 0: none")
	c.Flags().IntVar(&prompt, "prompt", 64, "tokens read before")
	c.Flags().IntVar(&tokens, "tokens", 32, "tokens decoded in each round")
	c.Flags().StringVar(&peer, "gguf", "", "write the model to this file as Q8_0, for llama.cpp, in place of measuring (tools/peers)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
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

// benchDecode decodes with random weights of a shape, in turns with reading an array of so many bytes.
func benchDecode(ctx context.Context, cfg lm.Config, p lm.Precision, rank, prompt, tokens, array int) (*decodeReport, error) {
	m, err := randomModel(cfg)
	if err != nil {
		return nil, err
	}
	w := m.Weights(p, nil)
	adapted, err := w.Adapt(randomAdapter(m, rank))
	if err != nil {
		return nil, err
	}
	seq, d := m.NewSequence(), w.NewDecoder(64)
	seq.Reset(adapted)
	text := make([]int32, max(1, prompt))
	for i := range text {
		text[i] = int32(i * 7919 % cfg.Vocab)
	}
	if err := seq.Check(append(text, make([]int32, rounds*tokens)...)); err != nil {
		return nil, err
	}
	r := &decodeReport{Precision: p.String(), Kernel: kernel.Features(), Prompt: len(text)}
	start := time.Now()
	for rest := text; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "bench", err)
		}
		span := rest[:min(64, len(rest))]
		rest = rest[len(span):]
		d.Run([]lm.Span{{Sequence: seq, Tokens: span, Want: len(rest) == 0}})
	}
	r.Prefill = float64(len(text)) / time.Since(start).Seconds()
	block := make([]float32, array/4)
	for i := range block {
		block[i] = 1
	}
	kv := int64(8 * cfg.Layers * cfg.KVHeads * cfg.Dim / cfg.Heads) // of one position
	var speed, rate, memory, share []float64
	next, span := [1]int32{}, [1]lm.Span{}
	for range rounds {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "bench", err)
		}
		bytes := int64(0)
		start := time.Now()
		for range tokens {
			next[0] = likeliest(d.Logits(0))
			span[0] = lm.Span{Sequence: seq, Tokens: next[:], Want: true}
			d.Run(span[:])
			r.Bytes = w.Bytes() + adapted.Bytes() + kv*int64(seq.Len())
			bytes += r.Bytes
		}
		took := time.Since(start).Seconds()
		mem := []float64{readRate(block), readRate(block), readRate(block)}
		speed, rate, memory = append(speed, float64(tokens)/took), append(rate, float64(bytes)/took), append(memory, quantile(mem, .5))
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
