package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/internal/torchfile"
	"github.com/perkdb/perk/models"
)

func newModelImportPERK(a *app) *cobra.Command {
	var base, out string
	c := &cobra.Command{
		Use:   "import-perk CHECKPOINT --base MODEL --out FILE",
		Short: "Make a recipe of a checkpoint of the PERK authors' released code",
		Long: `Make a recipe of a checkpoint (.ckpt) that the code of PERK's authors, github.com/eric11eca/perk, wrote in meta-training: initial adapter, learned rates and weighting head.
Add it with perk model add FILE. The base model must be the one that was trained for, in any format. Nothing in the file is executed.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			const op = "import-perk"
			files, err := a.shelf().Find(base)
			if err != nil {
				return err
			}
			m, err := models.Load(ctx, files)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return perk.E(perk.ENotFound, op, err).WithHint("name a checkpoint that can be read")
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return perk.E(perk.EUnavailable, op, err)
			}
			checkpoint, err := torchfile.Open(f, info.Size())
			if err != nil {
				return err
			}
			r, err := interchange.ParsePERK(checkpoint, m.LM, m.Tokenizer)
			if err != nil {
				return err
			}
			b, err := r.Marshal()
			if err != nil {
				return err
			}
			if err := meta.WriteFile(out, b); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "a recipe of %d modules with rank %d, %d steps, for %s: %d bytes in %s\n", len(r.Targets), r.Targets[0].Rank, r.Steps, m.Name, len(b), out)
			return nil
		}),
	}
	c.Flags().StringVar(&base, "base", "", "base model, by its name or path as in --model")
	c.Flags().StringVar(&out, "out", "", "file to write")
	_ = c.MarkFlagRequired("base")
	_ = c.MarkFlagRequired("out")
	return c
}
