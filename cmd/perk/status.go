package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/internal/socket"
	"github.com/perkdb/perk/plugin"
)

func newStatus(a *app) *cobra.Command {
	var failed, asJSON bool
	c := &cobra.Command{
		Use:   "status [COLLECTION | COLLECTION/[TENANT/]UUID]...",
		Short: "Tell how far the adapters of collections, or of documents, are",
		Long: `Count the documents of each collection that was ever indexed, or of the named ones, by the state of their adapters: pending (none yet), encoding, ready,
stale (of an older text), failed. A document that is named is looked up by itself.`,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			return a.with(ctx, func(m plugin.Module) error {
				names, err := orAll(ctx, m, args)
				if err != nil {
					return err
				}
				t := table{w: cmd.OutOrStdout(), asJSON: asJSON}
				for _, name := range names {
					if err := a.status(ctx, m, name, failed, &t); err != nil {
						return err
					}
				}
				return t.end()
			})
		}),
	}
	c.Flags().BoolVar(&failed, "failed", false, "list the documents that could not be indexed, with the reasons, in place of counts")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// orAll gives the collections that were ever indexed where none is named.
func orAll(ctx context.Context, m plugin.Module, names []string) ([]string, error) {
	if len(names) > 0 {
		return names, nil
	}
	return collections(ctx, m)
}

// indexerOf makes an indexer for a collection that was indexed before, from what is kept beside its adapters.
func (a *app) indexerOf(ctx context.Context, m plugin.Module, collection string) (*indexer.Indexer, error) {
	o, err := a.recallSource(ctx, m, collection)
	if perk.ErrorCode(err) == perk.ENotFound {
		return nil, perk.Errorf(perk.ENotFound, "status", "collection %q was never indexed here", collection).WithHint("`perk status` lists those that were")
	}
	if err != nil {
		return nil, err
	}
	source, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	return indexer.New(source, m, indexer.Options{Collection: collection}, a.log)
}

// status adds what is known of a collection or document to the table.
func (a *app) status(ctx context.Context, m plugin.Module, name string, failed bool, t *table) error {
	collection, _, document := strings.Cut(name, "/")
	x, err := a.indexerOf(ctx, m, collection)
	if err != nil {
		return err
	}
	switch {
	case document:
		id, err := perk.ParseDocumentID(name)
		if err != nil {
			return err
		}
		s, err := x.Standing(ctx, id)
		if err != nil {
			return err
		}
		return t.standing(s)
	case failed:
		list, err := x.Failures(ctx)
		for _, f := range list {
			err = firstError(err, t.failure(f))
		}
		return err
	}
	_, live := m.(*socket.Client)
	o, err := x.Survey(ctx, live)
	if err != nil {
		return err
	}
	return t.overview(o)
}

// table prints rows, aligned for people or as JSON.
type table struct {
	w      io.Writer
	asJSON bool
	tabs   *tabwriter.Writer
	notes  []string
}

func (t *table) row(v any, heading string, cells ...any) error {
	if t.asJSON {
		return printJSON(t.w, v)
	}
	if t.tabs == nil {
		t.tabs = tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t.tabs, heading)
	}
	line := fmt.Sprintln(cells...)
	_, err := fmt.Fprint(t.tabs, strings.ReplaceAll(line, " \t ", "\t"))
	return err
}

func (t *table) overview(o indexer.Overview) error {
	documents := "?"
	if o.Documents >= 0 {
		documents = fmt.Sprint(o.Documents)
	}
	if o.Paused {
		t.notes = append(t.notes, fmt.Sprintf("%s is paused: `perk resume %s`", o.Collection, o.Collection))
	}
	if o.Failed > 0 {
		t.notes = append(t.notes, fmt.Sprintf("`perk status --failed %s` tells why documents failed; `perk retry %s` tries them again", o.Collection, o.Collection))
	}
	if o.Trouble != "" {
		t.notes = append(t.notes, o.Collection+": "+o.Trouble)
	}
	return t.row(o, "collection\tdocuments\tready\tpending\tencoding\tstale\tfailed",
		o.Collection, "\t", documents, "\t", o.Ready, "\t", o.Pending, "\t", o.Encoding, "\t", o.Stale, "\t", o.Failed)
}

func (t *table) standing(s indexer.Standing) error {
	why := ""
	if s.Failure != nil {
		why = s.Failure.Reason
	}
	return t.row(s, "document\tstate\t", s.Document, "\t", s.State, "\t", why)
}

func (t *table) failure(f indexer.Failure) error {
	return t.row(f, "document\tattempts\treason", f.Document, "\t", f.Attempts, "\t", f.Reason)
}

func (t *table) end() error {
	if t.tabs != nil {
		if err := t.tabs.Flush(); err != nil {
			return err
		}
	}
	for _, n := range t.notes {
		if _, err := fmt.Fprintln(t.w, n); err != nil || t.asJSON {
			return err
		}
	}
	return nil
}
