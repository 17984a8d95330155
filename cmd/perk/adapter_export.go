package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

// Forms of an exported adapter.
const (
	exportStored = "stored"
	exportDelta  = "delta"
	exportWhole  = "whole"
	exportPEFT   = "peft"
)

func newAdapterExport(a *app) *cobra.Command {
	var out, form string
	c := &cobra.Command{
		Use: "export COLLECTION/[TENANT/]UUID --out FILE", Short: "Write a document's adapter to a safetensors file",
		Long: `Write a document's adapter to a safetensors file (docs/adapter-format.md), in one of these forms:
stored  the delta from the recipe's initial adapter with the bits that the store holds
delta   the same as float32
whole   initial adapter and delta together: every A and B as float32
peft    the folder --out with ` + lora.PEFTWeights + ` and ` + lora.PEFTConfig + ` for Hugging Face PEFT`,
		Args: cobra.ExactArgs(1),
		RunE: a.onDocument(func(ctx context.Context, cmd *cobra.Command, m plugin.Module, id perk.DocumentID) error {
			adapter, err := m.Export(ctx, id)
			if err != nil {
				return err
			}
			if form == exportStored {
				return writeAdapter(cmd, out, adapter.Payload)
			}
			model, err := models.Load(a.files())
			if err != nil {
				return err
			}
			if adapter.Key.Recipe != model.RecipeID {
				return perk.Errorf(perk.EStale, "export", "the adapter was written with recipe %s, model %q has recipe %s", adapter.Key.Recipe.Short(), model.Name, model.RecipeID.Short()).
					WithHint("name the server's model by --model")
			}
			return export(cmd, out, form, model.Name, adapter.Payload, model.Recipe)
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", "", "file to write, for peft a folder; - is standard output")
	c.Flags().StringVar(&form, "form", exportStored, "what to write: "+strings.Join([]string{exportStored, exportDelta, exportWhole, exportPEFT}, ", "))
	_ = c.MarkFlagRequired("out")
	return c
}

// export writes a stored adapter in one of the forms that need its recipe.
func export(cmd *cobra.Command, out, form, base string, payload []byte, r *recipe.Recipe) error {
	delta, err := lora.Unmarshal(payload, r.Init)
	if err != nil {
		return err
	}
	if form == exportDelta {
		b, err := delta.MarshalBinary()
		if err != nil {
			return err
		}
		return writeAdapter(cmd, out, b)
	}
	whole := r.Init.Clone()
	if err := whole.AddDelta(delta); err != nil {
		return err
	}
	switch form {
	case exportWhole:
		b, err := whole.MarshalWhole()
		if err != nil {
			return err
		}
		return writeAdapter(cmd, out, b)
	case exportPEFT:
		return exportFolder(cmd, out, base, whole)
	}
	return perk.Errorf(perk.EInvalid, "export", "there is no form %q", form).WithHint("use %s, %s, %s or %s", exportStored, exportDelta, exportWhole, exportPEFT)
}

// exportFolder writes PEFT's two files, and says what PEFT will do otherwise than perk.
func exportFolder(cmd *cobra.Command, dir, base string, whole *lora.Adapter) error {
	if dir == "-" {
		return perk.Errorf(perk.EInvalid, "export", "a PEFT adapter is two files").WithHint("name a folder by --out")
	}
	weights, config, err := whole.MarshalPEFT(base)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return perk.E(perk.EDenied, "export", err).WithHint("name a folder that can be written by --out")
	}
	if err := writeAdapter(cmd, filepath.Join(dir, lora.PEFTWeights), weights); err != nil {
		return err
	}
	if err := writeAdapter(cmd, filepath.Join(dir, lora.PEFTConfig), config); err != nil {
		return err
	}
	if modules := whole.Normalised(); len(modules) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: PEFT does not know norm_a; normalise A x to root mean square 1 (eps %g under the root) before B in %s yourself\n", lora.NormEps, strings.Join(modules, ", "))
	}
	return nil
}

// writeAdapter writes an adapter's bytes to a file, or to standard output.
func writeAdapter(cmd *cobra.Command, out string, payload []byte) error {
	if out == "-" {
		_, err := cmd.OutOrStdout().Write(payload)
		return err
	}
	if err := os.WriteFile(out, payload, 0o644); err != nil {
		return perk.E(perk.EDenied, "export", err).WithHint("name a file that can be written by --out")
	}
	return nil
}
