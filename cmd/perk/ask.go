package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

func newAsk(a *app) *cobra.Command {
	var o perk.DecodeOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   `ask COLLECTION/[TENANT/]UUID "QUESTION"`,
		Short: "Answer a question from a document's adapter",
		Long: `Answer a question from a document's adapter. The document's present text is looked up in the source that its collection was indexed
from, and an adapter of an older text is refused.`,
		Args: cobra.ExactArgs(2),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			id, err := perk.ParseDocumentID(args[0])
			if err != nil {
				return err
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
	f.BoolVar(&asJSON, "json", false, "print answer, recalled facts, probability and timings as JSON")
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
	_, err := m.Ask(ctx, q, func(piece string) error {
		_, err := fmt.Fprint(w, piece)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}
