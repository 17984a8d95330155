package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

func newAdapterImport(a *app) *cobra.Command {
	var from, text string
	c := &cobra.Command{
		Use: "import COLLECTION/[TENANT/]UUID --from FOLDER --text FILE", Short: "Store an adapter that Hugging Face PEFT saved as a document's adapter",
		Long: `Store the adapter in a folder with ` + interchange.PEFTWeights + ` and ` + interchange.PEFTConfig + ` as that of a document, in place of one
that perk wrote. It must adapt the modules of the model's recipe with the recipe's ranks, as an adapter does that was exported with --form peft and trained
further. The text is what the adapter is an adapter of: questions are refused when the document has another text by then.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			id, err := perk.ParseDocumentID(args[0])
			if err != nil {
				return err
			}
			document, err := readText(cmd.InOrStdin(), text)
			if err != nil {
				return err
			}
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			adapter, err := importPEFT(m, from, perk.Document{ID: id, Text: document})
			if err != nil {
				return err
			}
			if err := a.with(ctx, func(m plugin.Module) error { return m.Import(ctx, adapter) }); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "stored an adapter of %d bytes for %s\n", adapter.Bytes, id)
			return nil
		}),
	}
	c.Flags().StringVar(&from, "from", "", "folder of the PEFT adapter")
	c.Flags().StringVar(&text, "text", "", "file with the document's text; - is standard input")
	_ = c.MarkFlagRequired("from")
	_ = c.MarkFlagRequired("text")
	return c
}

// importPEFT makes a document's adapter of a folder of PEFT's.
func importPEFT(m *models.Model, dir string, d perk.Document) (*perk.Adapter, error) {
	var files [2][]byte
	for i, name := range []string{interchange.PEFTConfig, interchange.PEFTWeights} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, perk.E(perk.ENotFound, "import", err).WithHint("name a folder by --from that PEFT's save_pretrained wrote, with %s and %s", interchange.PEFTConfig, interchange.PEFTWeights)
		}
		files[i] = b
	}
	whole, err := interchange.ParsePEFT(m.LM.Config(), m.LM.Linears(), files[0], files[1])
	if err != nil {
		return nil, err
	}
	if whole, err = interchange.Fit(whole, m.Recipe.Init); err != nil {
		return nil, err
	}
	delta, err := whole.Delta(m.Recipe.Init)
	if err != nil {
		return nil, err
	}
	payload, err := delta.Pack(m.Recipe.Bits, nil)
	if err != nil {
		return nil, err
	}
	chunks, err := encoder.Chunk(d.Text, m.Tokenizer, m.Recipe)
	if err != nil {
		return nil, err
	}
	return &perk.Adapter{AdapterInfo: perk.AdapterInfo{
		Key: perk.AdapterKey{Document: d.ID, Model: m.ID, Recipe: m.RecipeID}, Content: perk.ContentHash(d.Text), Digest: sha256.Sum256(payload),
		Bytes: int64(len(payload)), Tokens: len(chunks.Tokens), Chunks: chunks.Len(), Created: time.Now().UTC(),
	}, Payload: payload}, nil
}
