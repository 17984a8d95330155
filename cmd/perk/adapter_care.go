package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// damage is one adapter that Verify found damaged.
type damage struct {
	Adapter perk.AdapterKey `json:"adapter"`
	Reason  string          `json:"reason"`
}

func newAdapterVerify(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "verify", Short: "Read every adapter whole and name the damaged ones", Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			return a.with(ctx, func(m plugin.Module) error {
				damaged := []damage{}
				n, err := m.Verify(ctx, func(k perk.AdapterKey, err error) { damaged = append(damaged, damage{k, err.Error()}) })
				w := cmd.OutOrStdout()
				if asJSON {
					err = errors.Join(err, printJSON(w, struct {
						Read    int      `json:"read"`
						Damaged []damage `json:"damaged"`
					}{n, damaged}))
				} else {
					for _, d := range damaged {
						fmt.Fprintf(w, "damaged: %s: %s\n", d.Adapter, d.Reason)
					}
					fmt.Fprintf(w, "%d adapters read, %d damaged\n", n, len(damaged))
				}
				if err == nil && len(damaged) > 0 {
					err = perk.Errorf(perk.ECorrupt, "verify", "%d adapters are damaged", len(damaged)).WithHint("remove them with `perk adapter rm`, then run `perk index`")
				}
				return err
			})
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newAdapterRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rm COLLECTION/[TENANT/]UUID...", Short: "Remove documents' adapters and erase their bytes", Args: cobra.MinimumNArgs(1),
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			var ids []perk.DocumentID
			for _, arg := range args {
				id, err := perk.ParseDocumentID(arg)
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return a.with(ctx, func(m plugin.Module) error { return remove(ctx, cmd, m, ids) })
		}),
	}
}

// remove forgets documents and has the store erase what they left.
func remove(ctx context.Context, cmd *cobra.Command, m plugin.Module, ids []perk.DocumentID) error {
	for _, id := range ids {
		n, err := m.Forget(ctx, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return perk.Errorf(perk.ENotFound, "adapter rm", "%s has no adapter", id).WithHint("`perk adapter ls` lists the adapters")
		}
		fmt.Fprintf(cmd.OutOrStdout(), "removed %d adapters of %s\n", n, id)
	}
	bytes, err := m.GC(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "erased %d bytes\n", bytes)
	return nil
}
