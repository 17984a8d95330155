package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/plugin"
)

func newPause(a *app) *cobra.Command {
	return a.controlling("pause", "Stop encoding documents of collections until `perk resume`, also across restarts", func(ctx context.Context, x *indexer.Indexer) (string, error) {
		return "paused", x.Pause(ctx)
	})
}

func newResume(a *app) *cobra.Command {
	return a.controlling("resume", "Go on encoding documents of collections after `perk pause`", func(ctx context.Context, x *indexer.Indexer) (string, error) {
		return "goes on", x.Resume(ctx)
	})
}

func newRetry(a *app) *cobra.Command {
	return a.controlling("retry", "Have the running server try the failed documents of collections again; without one, `perk index` does", func(ctx context.Context, x *indexer.Indexer) (string, error) {
		n, err := x.RetryFailed(ctx)
		return fmt.Sprintf("tries %d failed documents again", n), err
	})
}

// controlling makes a command that asks something of the named collections, or of all.
func (a *app) controlling(name, short string, ask func(context.Context, *indexer.Indexer) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " [COLLECTION]...", Short: short,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			return a.with(ctx, func(m plugin.Module) error {
				names, err := orAll(ctx, m, args)
				if err != nil {
					return err
				}
				for _, name := range names {
					x, err := a.indexerOf(ctx, m, name)
					if err != nil {
						return err
					}
					said, err := ask(ctx, x)
					if err != nil {
						return err
					}
					fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", name, said)
				}
				return nil
			})
		}),
	}
}
