package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

func newAsk(a *app) *cobra.Command {
	var o perk.DecodeOptions
	var least float64
	var asJSON bool
	c := &cobra.Command{
		Use:   `ask COLLECTION/[TENANT/]UUID "QUESTION"`,
		Short: "Answer a question from a document's adapter",
		Long: `Answer a question from a document's adapter. The document's present text is looked up in the source that its collection was indexed
from, and an adapter of an older text is refused.

The answer is printed to standard output; to standard error go its confidence and the facts that the model recalled, each with the bytes of the document at which
it stands or marked as not found. Below the smallest confidence the answer is "` + perk.NotInDocument + `".`,
		Args: cobra.ExactArgs(2),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			id, err := perk.ParseDocumentID(args[0])
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("min-confidence") {
				o.MinConfidence = &least
			}
			return a.with(ctx, func(m plugin.Module) error {
				return ask(ctx, cmd, m, perk.Question{Document: id, Text: args[1], Options: o}, asJSON)
			})
		}),
	}
	f := c.Flags()
	f.IntVar(&o.MaxTokens, "max-tokens", 0, "longest reply, recalled facts included; 0: the default")
	f.Float64Var(&o.Temperature, "temperature", 0, "0 decodes greedily")
	f.IntVar(&o.TopK, "top-k", 0, "draw from the k most probable tokens only; 0: all")
	f.Float64Var(&o.TopP, "top-p", 0, "draw from the most probable tokens up to this mass; 0: all")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the draw")
	f.StringArrayVar(&o.Stop, "stop", nil, "end the answer before this text; may be repeated")
	minConfidence(f, &least)
	f.BoolVar(&asJSON, "json", false, "print answer, recalled facts, confidence and timings as JSON")
	return c
}

// ask prints the answer as it is decoded, or all that is known about it at the end.
func ask(ctx context.Context, cmd *cobra.Command, m plugin.Module, q perk.Question, asJSON bool) error {
	w := cmd.OutOrStdout()
	if asJSON {
		answer, err := m.Ask(ctx, q, nil)
		if err != nil {
			return err
		}
		return printJSON(w, answer)
	}
	a, err := m.Ask(ctx, q, func(piece string) error {
		_, err := fmt.Fprint(w, piece)
		return err
	})
	if err != nil {
		return err
	}
	if a.NotInDocument {
		fmt.Fprint(w, a.Reply())
	}
	if _, err = fmt.Fprintln(w); err != nil {
		return err
	}
	return printEvidence(cmd.ErrOrStderr(), a)
}

// printEvidence tells how far an answer is to be trusted, and on what it rests.
func printEvidence(w io.Writer, a *perk.Answer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "confidence %.2f", a.Confidence)
	if a.NotInDocument {
		fmt.Fprintf(&b, ", below %.2f: %q was not taken for an answer", a.MinConfidence, a.Text)
	}
	for _, f := range a.Support {
		switch {
		case f.State == perk.FactNotFound:
			fmt.Fprintf(&b, "\nNOT FOUND in the document: %q", f.Text)
		case f.State == perk.FactUnchecked:
			fmt.Fprintf(&b, "\nrecalled: %q", f.Text)
		case f.Count > 1:
			fmt.Fprintf(&b, "\nbytes %d-%d and %d more places: %q", f.Start, f.End, f.Count-1, f.Quote)
		default:
			fmt.Fprintf(&b, "\nbytes %d-%d: %q", f.Start, f.End, f.Quote)
		}
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

// minConfidence adds the flag of the smallest confidence; it counts only where it was given.
func minConfidence(f *pflag.FlagSet, v *float64) {
	f.Float64Var(v, "min-confidence", 0, "smallest confidence, 0 to 1, below which the answer is \""+perk.NotInDocument+"\"; 0: answer always; not given: the recipe's")
}
