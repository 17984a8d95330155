package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

// encodeReport is what `perk encode` measured.
type encodeReport struct {
	File string `json:"file"`
	encoder.Stats
	TokensPerSecond float64   `json:"tokens_per_second"`
	GFLOPS          float64   `json:"gflops"`      // of the model's passes; the weighting head and other work count as time only
	GEMM            float64   `json:"gemm_gflops"` // of this machine's float32 matrix product, same threads, right after
	Ratio           float64   `json:"ratio"`       // GFLOPS / GEMM
	Threads         int       `json:"threads"`
	PeakBytes       int64     `json:"peak_bytes"` // resident memory of the process at its largest, base model included
	AdapterBytes    int64     `json:"adapter_bytes"`
	Digest          perk.Hash `json:"digest"`
	Loss            []float64 `json:"loss"`
	Model           string    `json:"model"`
	Kernel          string    `json:"kernel"`
}

func newEncode(a *app) *cobra.Command {
	var threads, sample int
	var out, precision string
	var asJSON bool
	c := &cobra.Command{
		Use:   "encode (FILE | --sample TOKENS)",
		Short: "Write one text file into an adapter and tell what it cost",
		Long: `Write one text file (- is standard input) into an adapter, in this process and beside any store, and tell what it cost: time, memory, and
floating-point rate beside the rate of this machine's own matrix product.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if sample > 0 {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			// What lives is weights and work buffers, without pointers and so cheap to look through. At the default of 100% the garbage of reading a long document is as large.
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(25)
			}
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("sample of %d tokens", sample)
			text := ""
			if sample > 0 {
				text, err = sampleText(m, sample)
			} else {
				name = args[0]
				text, err = readText(cmd.InOrStdin(), name)
			}
			if err != nil {
				return err
			}
			e, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: threads, Precision: encoder.Precision(precision)})
			if err != nil {
				return err
			}
			model, learned := m.Name, !m.Recipe.Untrained // m itself is not looked at below, so that weights which the encoder does not need can go
			r, adapter, err := measure(ctx, cmd.ErrOrStderr(), e, text, max(1, threads))
			if err != nil {
				return err
			}
			r.File, r.Model = name, model
			if out != "" {
				if err := writeAdapter(cmd, out, adapter.Payload); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			if !learned {
				fmt.Fprintf(cmd.ErrOrStderr(), "the recipe of %s is %s\n", model, untrained)
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%d tokens in %d chunks, %d steps: %.2f s, %.0f tokens/s, adapter of %d bytes\n", r.Tokens, r.Chunks, r.Steps, r.Seconds, r.TokensPerSecond, r.AdapterBytes)
			fmt.Fprintf(w, "%.1f GFLOPS of the machine's %.1f (%.0f%%), %d threads, %s on %s kernels, %d MiB at most\n", r.GFLOPS, r.GEMM, 100*r.Ratio, r.Threads, r.Precision, r.Kernel, r.PeakBytes>>20)
			return nil
		}),
	}
	c.Flags().IntVar(&sample, "sample", 0, "encode a generated document of so many tokens, always the same one, in place of a file")
	c.Flags().IntVar(&threads, "threads", runtime.GOMAXPROCS(0), "threads of the encode; the adapter does not depend on it")
	c.Flags().StringVar(&precision, "precision", "", "multiply by the base model in float32 or bfloat16; default: bfloat16 where the CPU has it")
	c.Flags().StringVarP(&out, "out", "o", "", "also write the adapter to this safetensors file; - is standard output")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// readText reads a document's text. Errors: ENotFound, EInvalid (too large), EUnavailable.
func readText(in io.Reader, name string) (string, error) {
	const op = "encode"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", perk.E(perk.ENotFound, op, err).WithHint("name a text file that can be read")
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, plugin.MaxDocument+1))
	if err != nil {
		return "", perk.E(perk.EUnavailable, op, err)
	}
	if len(b) > plugin.MaxDocument {
		return "", perk.Errorf(perk.EInvalid, op, "%s has more than %d bytes", name, plugin.MaxDocument).WithHint("split the document")
	}
	return string(b), nil
}

// sampleText makes a document of so many tokens.
func sampleText(m *models.Model, tokens int) (string, error) {
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		return "", err
	}
	e, err := qa1.Episode(rand.New(rand.NewPCG(1, 0)), task.Options{Tokens: tokens, Count: m.Tokenizer.Count, Filler: task.Generated{}, Split: task.Eval})
	return e.Text, err
}

// measure encodes a text and then measures the machine.
func measure(ctx context.Context, w io.Writer, e *encoder.Encoder, text string, threads int) (encodeReport, *perk.Adapter, error) {
	bar := newProgress(w, "encoding")
	id := perk.DocumentID{Collection: "file", UUID: "text"}
	adapter, stats, err := e.EncodeStats(ctx, perk.Document{ID: id, Text: text}, func(p perk.Progress) {
		bar.set(int64(p.Done), int64(p.Total), fmt.Sprintf("step %d, loss %.3f", p.Step+1, p.Loss))
	})
	bar.end(fmt.Sprintf("%d tokens", stats.Tokens))
	if err != nil {
		return encodeReport{}, nil, err
	}
	r := encodeReport{
		Stats: stats, TokensPerSecond: float64(stats.Tokens) / stats.Seconds, GFLOPS: stats.FLOPs / stats.Seconds / 1e9, Threads: threads,
		PeakBytes: peakMemory(), AdapterBytes: adapter.Bytes, Digest: adapter.Digest, Loss: adapter.Loss, Kernel: kernel.Features(),
	}
	r.GEMM = gemmRate(r.Threads)
	r.Ratio = r.GFLOPS / r.GEMM
	return r, adapter, nil
}
