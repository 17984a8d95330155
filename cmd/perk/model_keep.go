package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/plugin"
)

func newModelList(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "ls",
		Short: "List the models",
		Args:  cobra.NoArgs,
		RunE: a.do(func(_ context.Context, cmd *cobra.Command, _ []string) error {
			all, failed := a.shelf().List()
			if asJSON {
				if all == nil {
					all = []*models.Manifest{}
				}
				return errors.Join(printJSON(cmd.OutOrStdout(), all), failed)
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%-28s %-6s %10s %9s  %s\n", "NAME", "ARCH", "PARAMETERS", "MB", "RECIPE")
			fmt.Fprintf(w, "%-28s %-6s %10s %9s  %s\n", models.Nano().Name, "nano", "1.0M", "-", "shipped with perk")
			for _, m := range all {
				kind := m.Recipe.Short()
				switch {
				case m.Untrained:
					kind = "not meta-trained"
				case m.Base != "":
					kind += " for " + m.Base
				}
				fmt.Fprintf(w, "%-28s %-6s %9.1fM %9.1f  %s\n", m.Name, m.Arch, float64(m.Parameters)/1e6, float64(m.Bytes())/(1<<20), kind)
			}
			return failed
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the manifests as JSON")
	return c
}

func newModelRemove(a *app) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "rm NAME",
		Short: "Remove a model, unless adapters or recipes need it",
		Args:  cobra.ExactArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			if !force {
				m, err := a.shelf().Manifest(args[0])
				if err != nil {
					return err
				}
				if err := a.unused(ctx, m); err != nil {
					return err
				}
			}
			if err := a.shelf().Remove(args[0], force); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "removed", args[0])
			return err
		}),
	}
	c.Flags().BoolVar(&force, "force", false, "remove it even if adapters were written with it or recipes are for it")
	return c
}

// unused reports an error where adapters of a model are stored: without it nobody can answer from them.
func (a *app) unused(ctx context.Context, m *models.Manifest) error {
	a.model = "" // whatever model the plugin runs, it lists all adapters
	return a.with(ctx, func(p plugin.Module) error {
		n := 0
		for info, err := range p.List(ctx, "") {
			if err != nil {
				return err
			}
			if info.Key.Model == m.Model && info.Key.Recipe == m.Recipe {
				n++
			}
		}
		if n > 0 {
			return perk.Errorf(perk.EConflict, "model rm", "%d adapters in %s were written with model %q", n, a.data, m.Name).
				WithHint("index their collections with another model first, or use --force and lose what they hold")
		}
		return nil
	})
}

func newModelVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify [NAME...]",
		Short: "Read models whole and hold them to their digests: those named, or all",
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			s := a.shelf()
			all, failed := s.List()
			if len(args) > 0 {
				all, failed = nil, nil
				for _, name := range args {
					m, err := s.Manifest(name)
					if err != nil {
						return err
					}
					all = append(all, m)
				}
			}
			for _, m := range all {
				bar := newProgress(cmd.ErrOrStderr(), "verifying "+m.Name)
				err := s.Verify(ctx, m, func(n int64) { bar.set(n, m.Bytes(), "") })
				bar.end(fmt.Sprintf("%d MB", m.Bytes()>>20))
				failed = errors.Join(failed, err)
			}
			if failed == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d models are whole\n", len(all))
			}
			return failed
		}),
	}
}
