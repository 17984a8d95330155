package main

import (
	"context"
	"fmt"
	"math"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lora"
)

// width is what an adapter is like when it is stored with so many bits an element.
type width struct {
	Bits   int     `json:"bits"`
	Bytes  int     `json:"bytes"`
	Each   float64 `json:"bits_each"`      // 8 * Bytes over the elements, header and scales included
	Error  float64 `json:"relative_error"` // Frobenius norm of the rounding over that of the delta
	Pack   float64 `json:"pack_mb_s"`      // 1e6 bytes of float32 a second
	Unpack float64 `json:"unpack_mb_s"`
}

func newAdapterBits(a *app) *cobra.Command {
	var sample int
	var asJSON bool
	c := &cobra.Command{
		Use:   "bits (FILE | --sample TOKENS)",
		Short: "Tell what a text's adapter weighs by bits an element",
		Long: `Write one text file (- is standard input) into an adapter, beside any store, and tell for each number of bits an element how many bytes the stored
adapter has, how far its delta is from the exact one, and how fast it is packed and unpacked. What the bits cost in accuracy: perk eval --bits.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if sample > 0 {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			text := ""
			if sample > 0 {
				text, err = sampleText(m, sample)
			} else {
				text, err = readText(cmd.InOrStdin(), args[0])
			}
			if err != nil {
				return err
			}
			e, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{})
			if err != nil {
				return err
			}
			delta, round, err := e.Delta(ctx, text)
			if err != nil {
				return err
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			defer table.Flush()
			if !asJSON {
				fmt.Fprintln(table, "BITS\tBYTES\tBITS/ELEMENT\tERROR\tPACK MB/s\tUNPACK MB/s\t")
			}
			for _, bits := range []int{lora.RawBits, 8, 7, 6, 5, 4, 3, 2, 1} {
				w, err := weigh(ctx, delta, round, bits)
				if err != nil {
					return err
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), w); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%d\t%d\t%.2f\t%.4f\t%.0f\t%.0f\t\n", w.Bits, w.Bytes, w.Each, w.Error, w.Pack, w.Unpack)
			}
			return nil
		}),
	}
	c.Flags().IntVar(&sample, "sample", 0, "a generated document of so many tokens, always the same one, in place of a file")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// weigh packs a delta and reads it back, over and over for a moment.
func weigh(ctx context.Context, delta *lora.Adapter, round lora.Rounding, bits int) (width, error) {
	var payload []byte
	var back *lora.Adapter
	pack, err := timed(ctx, func() (err error) { payload, err = delta.Pack(bits, round); return })
	if err != nil {
		return width{}, err
	}
	unpack, err := timed(ctx, func() (err error) { back, err = lora.Unmarshal(payload, delta); return })
	if err != nil {
		return width{}, err
	}
	var wrong, all float64
	n := 0
	read := back.Trained()
	for i, t := range delta.Trained() {
		n += len(t.Data)
		for j, v := range t.Data {
			d := float64(v) - float64(read[i].Data[j])
			wrong, all = wrong+d*d, all+float64(v)*float64(v)
		}
	}
	w := width{Bits: bits, Bytes: len(payload), Each: 8 * float64(len(payload)) / float64(n), Pack: 4e-6 * float64(n) / pack.Seconds(), Unpack: 4e-6 * float64(n) / unpack.Seconds()}
	if all > 0 { // a document that changes nothing is stored exactly
		w.Error = math.Sqrt(wrong / all)
	}
	return w, nil
}

// timed repeats a call for a twentieth of a second and gives the time of one.
func timed(ctx context.Context, call func() error) (time.Duration, error) {
	start := time.Now()
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return 0, perk.E(perk.ECanceled, "adapter bits", err)
		}
		if err := call(); err != nil {
			return 0, err
		}
		if took := time.Since(start); took > time.Second/20 {
			return took / time.Duration(n), nil
		}
	}
}
