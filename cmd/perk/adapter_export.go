package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

// Forms of an exported adapter.
const (
	exportStored = "stored"
	exportDelta  = "delta"
	exportWhole  = "whole"
	exportPEFT   = "peft"
	exportGGUF   = "gguf"
)

func newAdapterExport(a *app) *cobra.Command {
	var out, form string
	c := &cobra.Command{
		Use: "export COLLECTION/[TENANT/]UUID --out FILE", Short: "Write a document's adapter to a file",
		Long: `Write a document's adapter to a safetensors file (docs/adapter-format.md), in one of these forms:
stored  the delta from the recipe's initial adapter with the bits that the store holds
delta   the same as float32
whole   initial adapter and delta together: every A and B as float32
peft    the folder --out with ` + interchange.PEFTWeights + ` and ` + interchange.PEFTConfig + ` for Hugging Face PEFT
gguf    a LoRA file for llama.cpp, not safetensors
peft and gguf want a base model that those programs have, and a recipe without norm_a.`,
		Args: cobra.ExactArgs(1),
		RunE: a.onDocument(func(ctx context.Context, cmd *cobra.Command, m plugin.Module, id perk.DocumentID) error {
			adapter, err := m.Export(ctx, id)
			if err != nil {
				return err
			}
			if form == exportStored {
				return writeAdapter(cmd, out, adapter.Payload)
			}
			model, err := a.load(ctx)
			if err != nil {
				return err
			}
			if adapter.Key.Recipe != model.RecipeID {
				return perk.Errorf(perk.EStale, "export", "the adapter was written with recipe %s, model %q has recipe %s", adapter.Key.Recipe.Short(), model.Name, model.RecipeID.Short()).
					WithHint("name the server's model by --model")
			}
			return export(cmd, out, form, model, adapter.Payload)
		}),
	}
	c.Flags().StringVarP(&out, "out", "o", "", "file to write, for peft a folder; - is standard output")
	c.Flags().StringVar(&form, "form", exportStored, "what to write: "+strings.Join([]string{exportStored, exportDelta, exportWhole, exportPEFT, exportGGUF}, ", "))
	_ = c.MarkFlagRequired("out")
	return c
}

// export writes a stored adapter in one of the forms that need its recipe.
func export(cmd *cobra.Command, out, form string, m *models.Model, payload []byte) error {
	ad, err := lora.Unmarshal(payload, m.Recipe.Init)
	if err != nil {
		return err
	}
	if form == exportDelta {
		return marshalled(cmd, out, ad.MarshalBinary)
	}
	if err := ad.Onto(m.Recipe.Init); err != nil {
		return err
	}
	switch form {
	case exportWhole:
		return marshalled(cmd, out, ad.MarshalWhole)
	case exportGGUF:
		return marshalled(cmd, out, func() ([]byte, error) {
			var b bytes.Buffer
			err := interchange.WriteGGUF(&b, ad, m.LM.Config(), m.Name)
			return b.Bytes(), err
		})
	case exportPEFT:
		return exportFolder(cmd, out, m, ad)
	}
	return perk.Errorf(perk.EInvalid, "export", "there is no form %q", form).WithHint("use %s, %s, %s, %s or %s", exportStored, exportDelta, exportWhole, exportPEFT, exportGGUF)
}

func marshalled(cmd *cobra.Command, out string, marshal func() ([]byte, error)) error {
	b, err := marshal()
	if err != nil {
		return err
	}
	return writeAdapter(cmd, out, b)
}

// exportFolder writes PEFT's two files.
func exportFolder(cmd *cobra.Command, dir string, m *models.Model, whole *lora.Adapter) error {
	if dir == "-" {
		return perk.Errorf(perk.EInvalid, "export", "a PEFT adapter is two files").WithHint("name a folder by --out")
	}
	weights, config, err := interchange.MarshalPEFT(whole, m.LM.Config(), m.Name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return perk.E(perk.EDenied, "export", err).WithHint("name a folder that can be written by --out")
	}
	if err := writeAdapter(cmd, filepath.Join(dir, interchange.PEFTWeights), weights); err != nil {
		return err
	}
	return writeAdapter(cmd, filepath.Join(dir, interchange.PEFTConfig), config)
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
