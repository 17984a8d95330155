package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

func newAdapter(a *app) *cobra.Command {
	c := &cobra.Command{Use: "adapter", Short: "List, check, remove, export, import and weigh adapters"}
	c.AddCommand(newAdapterList(a), newAdapterShow(a), newAdapterVerify(a), newAdapterRemove(a), newAdapterExport(a), newAdapterImport(a), newAdapterBits(a))
	return c
}

func newAdapterList(a *app) *cobra.Command {
	var collection string
	var asJSON bool
	c := &cobra.Command{
		Use: "ls", Short: "List the adapters", Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			return a.with(ctx, func(m plugin.Module) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				defer table.Flush()
				if !asJSON {
					fmt.Fprintln(table, "DOCUMENT\tTOKENS\tBYTES\tCONTENT\tMODEL\tRECIPE\tCREATED")
				}
				for i, err := range m.List(ctx, collection) {
					if err != nil {
						return err
					}
					if asJSON {
						if err := printJSON(cmd.OutOrStdout(), i); err != nil {
							return err
						}
						continue
					}
					fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%s\t%s\n", i.Key.Document, i.Tokens, i.Bytes, i.Content.Short(), i.Key.Model.Short(), i.Key.Recipe.Short(), i.Created.Format("2006-01-02 15:04:05"))
				}
				return nil
			})
		}),
	}
	c.Flags().StringVar(&collection, "collection", "", "only this collection")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

func newAdapterShow(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "show COLLECTION/[TENANT/]UUID", Short: "Describe a document's adapter", Args: cobra.ExactArgs(1),
		RunE: a.onDocument(func(ctx context.Context, cmd *cobra.Command, m plugin.Module, id perk.DocumentID) error {
			i, err := m.Describe(ctx, id)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), i)
			}
			printAdapter(cmd.OutOrStdout(), i)
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printAdapter(w io.Writer, i perk.AdapterInfo) {
	fmt.Fprintf(w, "document  %s\ncontent   %s\nmodel     %s\nrecipe    %s\ndigest    %s\n", i.Key.Document, i.Content, i.Key.Model, i.Key.Recipe, i.Digest)
	fmt.Fprintf(w, "written   %s, %.2f s, %d tokens in %d chunks, %d steps, loss %.3f\n", i.Created.Format("2006-01-02 15:04:05"), i.Seconds, i.Tokens, i.Chunks, i.Steps, i.Loss)
	fmt.Fprintf(w, "bytes     %d\n", i.Bytes)
}

// onDocument makes the body of a command whose one argument is a document.
func (a *app) onDocument(body func(ctx context.Context, cmd *cobra.Command, m plugin.Module, id perk.DocumentID) error) func(*cobra.Command, []string) error {
	return a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		id, err := perk.ParseDocumentID(args[0])
		if err != nil {
			return err
		}
		return a.with(ctx, func(m plugin.Module) error { return body(ctx, cmd, m, id) })
	})
}
