package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/study"
)

// width is what an adapter is like when it is stored with so many bits an element.
type width struct {
	Bits   int     `json:"bits"`
	Bytes  int     `json:"bytes"`
	Each   float64 `json:"bits_each"`     // 8 * Bytes over the elements, header and scales included
	Write  float64 `json:"write_seconds"` // the document into the adapter, the rounding included
	Unpack float64 `json:"unpack_mb_s"`   // 1e6 bytes of float32 a second
}

func newAdapterBits(a *app) *cobra.Command {
	var sample int
	var asJSON bool
	c := &cobra.Command{
		Use:   "bits (FILE | --sample TOKENS)",
		Short: "Tell what a text's adapter weighs by bits an element",
		Long: `Write one text file (- is standard input) into an adapter, beside any store, and tell for each number of bits an element how many bytes the stored
adapter has, and how fast it is written and unpacked. What the bits cost in accuracy: perk eval --bits.`,
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
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			defer table.Flush()
			if !asJSON {
				fmt.Fprintln(table, "BITS\tBYTES\tBITS/ELEMENT\tSECONDS\tUNPACK MB/s\t")
			}
			for _, bits := range []int{lora.RawBits, 8, 7, 6, 5, 4, 3, 2, 1} {
				w, err := weigh(ctx, m, text, bits)
				if err != nil {
					return err
				}
				if asJSON {
					if err := printJSON(cmd.OutOrStdout(), w); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(table, "%d\t%d\t%.2f\t%.3f\t%.0f\t\n", w.Bits, w.Bytes, w.Each, w.Write, w.Unpack)
			}
			return nil
		}),
	}
	c.Flags().IntVar(&sample, "sample", 0, "a generated document of so many tokens, always the same one, in place of a file")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// weigh writes a text into an adapter that is stored with so many bits, and reads it back, over and over for a moment.
func weigh(ctx context.Context, m *models.Model, text string, bits int) (width, error) {
	m, err := study.WithBits(m, bits)
	if err != nil {
		return width{}, err
	}
	e, err := encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{})
	if err != nil {
		return width{}, err
	}
	a, err := e.Encode(ctx, perk.Document{ID: perk.DocumentID{Collection: "file", UUID: "text"}, Text: text}, nil)
	if err != nil {
		return width{}, err
	}
	var back *lora.Adapter
	unpack, err := timed(ctx, func() (err error) { back, err = lora.Unmarshal(a.Payload, m.Recipe.Init); return })
	if err != nil {
		return width{}, err
	}
	n := 0
	for _, t := range back.Trained() {
		n += len(t.Data)
	}
	return width{Bits: bits, Bytes: len(a.Payload), Each: 8 * float64(len(a.Payload)) / float64(n), Write: a.Seconds, Unpack: 4e-6 * float64(n) / unpack.Seconds()}, nil
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
