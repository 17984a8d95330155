package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk/internal/hub"
	"github.com/perkdb/perk/models"
)

// Environment variables of the hub, which its other clients know, too. The token is no flag, because other users of the machine can read a command line.
const (
	hubEndpointEnv = "HF_ENDPOINT"
	hubTokenEnv    = "HF_TOKEN"
)

func newModelPull(a *app) *cobra.Command {
	var o models.PullOptions
	c := &cobra.Command{
		Use:   "pull OWNER/NAME",
		Short: "Fetch a model from a Hugging Face hub",
		Long: `Fetch a model from a Hugging Face hub: config.json, tokenizer.json and safetensors, or one GGUF file. Digests are checked, and an interrupted pull goes on
where it stopped. $` + hubEndpointEnv + ` names another hub than ` + hub.DefaultEndpoint + `, $` + hubTokenEnv + ` is sent to it.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			client := &hub.Client{Endpoint: os.Getenv(hubEndpointEnv), Token: os.Getenv(hubTokenEnv)}
			bar := newProgress(cmd.ErrOrStderr(), "fetching")
			begun, first := time.Now(), int64(-1)
			o.Progress = func(file string, done, total int64) {
				if first < 0 {
					first = done // an earlier pull's
				}
				rate := float64(done-first) / max(time.Since(begun).Seconds(), 1e-3)
				bar.set(done, total, fmt.Sprintf("%s, %d of %d MB, %.1f MB/s", file, done>>20, total>>20, rate/(1<<20)))
			}
			m, err := a.shelf().Pull(ctx, client, args[0], o)
			bar.end(args[0])
			if err != nil {
				return err
			}
			return printAdded(cmd.OutOrStdout(), m)
		}),
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "name of the model here; default: the repository's without its owner")
	f.StringVar(&o.Revision, "revision", "", "branch, tag or commit; default: main")
	f.StringVar(&o.File, "file", "", "the .gguf file to fetch, in a repository of several")
	return c
}

func newModelAdd(a *app) *cobra.Command {
	var o models.AddOptions
	c := &cobra.Command{
		Use:   "add PATH",
		Short: "Take in a model from a folder, a .gguf file, or the file of a recipe",
		Long: `Take in a model: a folder in the layout of Hugging Face or as perk train wrote it, a .gguf file, or a recipe.safetensors for a base model that is here already. The
model is loaded once before it is kept. Files are copied; --link keeps symbolic links to them.`,
		Args: cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			m, err := a.shelf().Add(ctx, args[0], o)
			if err != nil {
				return err
			}
			return printAdded(cmd.OutOrStdout(), m)
		}),
	}
	c.Flags().StringVar(&o.Name, "name", "", "name of the model here; default: that of the folder or file")
	c.Flags().BoolVar(&o.Link, "link", false, "keep links to the files, which must stay where they are")
	return c
}

func printAdded(w io.Writer, m *models.Manifest) error {
	_, err := fmt.Fprintf(w, "added %s: %s, %d parameters, %d MB; use it by --model %s\n", m.Name, m.Arch, m.Parameters, m.Bytes()>>20, m.Name)
	if err == nil && m.Untrained {
		_, err = fmt.Fprintln(w, "its recipe is", untrained)
	}
	return err
}
