package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/models"
)

// modelInfo is what `perk model info` tells.
type modelInfo struct {
	Name       string          `json:"name"`
	Format     models.Format   `json:"format"`
	Model      perk.ModelID    `json:"model"`
	Recipe     perk.RecipeID   `json:"recipe"`
	Parameters int64           `json:"parameters"`
	Bytes      int64           `json:"bytes"` // of the files
	Config     lm.Config       `json:"config"`
	Targets    []recipe.Target `json:"targets"`
	Rule       recipe.Rule     `json:"rule"`
	Steps      int             `json:"steps"`
	Chunk      int             `json:"chunk_tokens"`
	Reverse    bool            `json:"reverse"`
	Weighted   bool            `json:"weighted"`   // tokens are weighed by a learned head
	Untrained  bool            `json:"untrained"`  // nothing of the recipe was learned
	Calibrated int             `json:"calibrated"` // questions that confidence was calibrated on; 0: it is the answer's probability
	Threshold  float64         `json:"min_confidence"`
}

func newModel(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "model",
		Short: "Bring, list, check and remove models",
		Long: `Models are kept side by side in the directory --models, each under a name that --model takes. A model is a base model with a recipe for writing with
it; a published base model without a recipe is run with one that nothing was learned for, which writes, but does not make the base model answer from what was written.`,
	}
	c.AddCommand(newModelPull(a), newModelAdd(a), newModelImportPERK(a), newModelList(a), newModelInfo(a), newModelRemove(a), newModelVerify(a))
	return c
}

func newModelInfo(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "info [NAME|PATH]",
		Short: "Describe a base model and its recipe: the one named, or that of --model",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.model = args[0]
			}
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			i := describeModel(m)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), i)
			}
			printModel(cmd.OutOrStdout(), i)
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeModel(m *models.Model) modelInfo {
	i := modelInfo{
		Name: m.Name, Format: m.Format, Model: m.ID, Recipe: m.RecipeID, Parameters: m.Parameters(), Bytes: m.Bytes, Config: m.LM.Config(),
		Targets: m.Recipe.Targets, Rule: m.Recipe.Rule, Steps: m.Recipe.Steps, Chunk: m.Recipe.ChunkTokens,
		Reverse: m.Recipe.Reverse, Weighted: m.Recipe.Weighting != nil, Untrained: m.Recipe.Untrained,
	}
	if c := m.Recipe.Calibration; c != nil {
		i.Calibrated, i.Threshold = c.Questions, c.Threshold
	}
	return i
}

func printModel(w io.Writer, i modelInfo) {
	fmt.Fprintf(w, "model       %s, %s, %s, %d parameters, %d bytes in all\n", i.Name, i.Config.Arch, i.Format, i.Parameters, i.Bytes)
	fmt.Fprintf(w, "digests     model %s, recipe %s\n", i.Model.Short(), i.Recipe.Short())
	fmt.Fprintf(w, "shape       %d layers, %d wide, %d heads, window of %d tokens, vocabulary of %d\n", i.Config.Layers, i.Config.Dim, i.Config.Heads, i.Config.Context, i.Config.Vocab)
	fmt.Fprintf(w, "write       %d steps of %s, chunks of %d tokens, reversed too: %t, weighed: %t\n", i.Steps, i.Rule.Name, i.Chunk, i.Reverse, i.Weighted)
	if i.Untrained {
		fmt.Fprintf(w, "recipe      %s\n", untrained)
	}
	if i.Calibrated > 0 {
		fmt.Fprintf(w, "answers     calibrated on %d questions, %q below confidence %.2f\n", i.Calibrated, perk.NotInDocument, i.Threshold)
	}
	// The targets of a large model are the same modules in each of its layers.
	ranks, order := map[string][]int{}, []string{}
	for _, t := range i.Targets {
		module := t.Module
		if p := strings.SplitN(t.Module, ".", 3); len(p) == 3 {
			module = p[2]
		}
		if ranks[module] == nil {
			order = append(order, module)
		}
		ranks[module] = append(ranks[module], t.Rank)
	}
	for _, module := range order {
		fmt.Fprintf(w, "adapts      %s of %d layers, rank %d\n", module, len(ranks[module]), slices.Max(ranks[module]))
	}
}

// untrained is what is told of answers by a recipe that nothing was learned for.
const untrained = "not meta-trained: adapters are written, but the base model was never taught to answer from them"
