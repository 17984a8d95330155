package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/models"
)

// modelInfo is what `perk model info` tells.
type modelInfo struct {
	Name       string          `json:"name"`
	Model      perk.ModelID    `json:"model"`
	Recipe     perk.RecipeID   `json:"recipe"`
	Parameters int64           `json:"parameters"`
	Bytes      int64           `json:"bytes"` // of the three files
	Config     lm.Config       `json:"config"`
	Targets    []recipe.Target `json:"targets"`
	Rule       recipe.Rule     `json:"rule"`
	Steps      int             `json:"steps"`
	Chunk      int             `json:"chunk_tokens"`
	Reverse    bool            `json:"reverse"`
	Weighted   bool            `json:"weighted"`   // tokens are weighed by a learned head
	Calibrated int             `json:"calibrated"` // questions that confidence was calibrated on; 0: it is the answer's probability
	Threshold  float64         `json:"min_confidence"`
}

func newModel(a *app) *cobra.Command {
	c := &cobra.Command{Use: "model", Short: "Tell about base model and recipe"}
	var asJSON bool
	info := &cobra.Command{
		Use:   "info",
		Short: "Describe the base model and its recipe",
		Args:  cobra.NoArgs,
		RunE: a.do(func(_ context.Context, cmd *cobra.Command, _ []string) error {
			m, err := models.Load(a.files())
			if err != nil {
				return err
			}
			i := modelInfo{
				Name: m.Name, Model: m.ID, Recipe: m.RecipeID, Parameters: m.Parameters(), Bytes: m.Bytes, Config: m.LM.Config(),
				Targets: m.Recipe.Targets, Rule: m.Recipe.Rule, Steps: m.Recipe.Steps, Chunk: m.Recipe.ChunkTokens,
				Reverse: m.Recipe.Reverse, Weighted: m.Recipe.Weighting != nil,
			}
			if c := m.Recipe.Calibration; c != nil {
				i.Calibrated, i.Threshold = c.Questions, c.Threshold
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), i)
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "model       %s, %s, %d parameters, %d bytes in all\n", i.Name, i.Config.Arch, i.Parameters, i.Bytes)
			fmt.Fprintf(w, "digests     model %s, recipe %s\n", i.Model.Short(), i.Recipe.Short())
			fmt.Fprintf(w, "shape       %d layers, %d wide, %d heads, window of %d tokens, vocabulary of %d\n", i.Config.Layers, i.Config.Dim, i.Config.Heads, i.Config.Context, i.Config.Vocab)
			fmt.Fprintf(w, "write       %d steps of %s, chunks of %d tokens, reversed too: %t, weighed: %t\n", i.Steps, i.Rule.Name, i.Chunk, i.Reverse, i.Weighted)
			if i.Calibrated > 0 {
				fmt.Fprintf(w, "answers     calibrated on %d questions, %q below confidence %.2f\n", i.Calibrated, perk.NotInDocument, i.Threshold)
			}
			for _, t := range i.Targets {
				fmt.Fprintf(w, "adapts      %s, rank %d\n", t.Module, t.Rank)
			}
			return nil
		}),
	}
	info.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(info)
	return c
}
