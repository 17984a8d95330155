package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/plugin"
)

func newIndex(a *app) *cobra.Command {
	var o sourceOptions
	var options indexer.Options
	var fresh, refs, asJSON bool
	c := &cobra.Command{
		Use:   "index (--folder DIR | --weaviate URL --collection NAME)",
		Short: "Write every new or changed document into an adapter, and remove those of deleted documents",
		Long: `Make one pass over the documents: write every new or changed one into an adapter, pass over the unchanged ones, remove the adapters
of deleted ones. A pass that was interrupted goes on where it stopped.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if err := o.prepare(a); err != nil {
				return err
			}
			source, err := o.open(ctx)
			if err != nil {
				return err
			}
			if w, ok := source.(*weaviate.Source); ok && refs {
				n, err := w.WriteRefs(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s of %d objects\n", weaviate.RefProperty, n)
			}
			return a.with(ctx, func(m plugin.Module) error {
				options.Collection, options.Resume = o.Collection, !fresh
				r, err := a.index(ctx, cmd.ErrOrStderr(), m, source, &o, options)
				if asJSON {
					err = firstError(err, printJSON(cmd.OutOrStdout(), r))
				} else {
					printReport(cmd.OutOrStdout(), r)
				}
				return firstError(err, failures(r))
			})
		}),
	}
	o.flags(c)
	c.Flags().IntVar(&options.Workers, "workers", 1, "documents looked at and encoded at the same time")
	limits(c.Flags(), &options.Limits, 1)
	c.Flags().BoolVar(&fresh, "no-resume", false, "start from the beginning even if the last pass was interrupted")
	c.Flags().BoolVar(&refs, "write-refs", false, "first set the property "+weaviate.RefProperty+" of every Weaviate object, which prompts name documents by")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

// index makes one pass with a progress bar and keeps the source beside the adapters.
func (a *app) index(ctx context.Context, w io.Writer, m plugin.Module, source perk.Source, o *sourceOptions, options indexer.Options) (indexer.Report, error) {
	if err := o.remember(ctx, m); err != nil {
		return indexer.Report{}, err
	}
	bar := newProgress(w, "encoding "+o.Collection)
	options.Progress = func(s indexer.Status) {
		const fine = 1000 // a document's own progress moves the bar too
		done := int64(s.Done) * fine
		if s.Encode.Total > 0 && s.Encode.Done < s.Encode.Total {
			done += int64(fine * s.Encode.Done / s.Encode.Total)
		}
		bar.set(done, int64(max(s.Total, s.Done))*fine, describe(s))
	}
	x, err := indexer.New(source, m, options, a.log)
	if err != nil {
		return indexer.Report{}, err
	}
	r, err := x.Run(ctx)
	bar.end(fmt.Sprintf("%d documents, %d tokens, %s", r.Encoded, r.Tokens, r.Took.Round(time.Millisecond)))
	return r, err
}

// describe says what a bar cannot show.
func describe(s indexer.Status) string {
	note := fmt.Sprintf("%d/%d documents, %.0f tokens/s", s.Done, s.Total, s.TokensPerSecond)
	if s.ETA >= 0 {
		note += ", " + s.ETA.Round(time.Second).String() + " left"
	}
	return note
}

func printReport(w io.Writer, r indexer.Report) {
	fmt.Fprintf(w, "%d encoded, %d unchanged, %d removed, %d failed; %d tokens in %s\n", r.Encoded, r.Skipped, r.Removed, r.FailedCount, r.Tokens, r.Took.Round(time.Millisecond))
	for _, f := range r.Failed {
		fmt.Fprintf(w, "failed: %s: %s\n", f.Document, f.Reason)
	}
}

// failures makes documents that could not be indexed a failure of the command.
func failures(r indexer.Report) error {
	if r.FailedCount == 0 {
		return nil
	}
	return perk.Errorf(perk.EInvalid, "index", "%d documents could not be indexed", r.FailedCount).WithHint("mend the documents that the report names; all others are indexed")
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
