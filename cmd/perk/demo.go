package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/internal/task"
)

// sampleCollection holds the demonstration's documents.
const sampleCollection = "Sample"

// demo is one demonstration.
type demo struct {
	*app
	documents int
	seed      uint64
	listen    string
	weaviate  string // folder of the Weaviate server; "": the documents are files
	once      bool

	episodes []task.Episode

	source  perk.Source // of the sample, once it is made
	options *sourceOptions
}

func newDemo(a *app) *cobra.Command {
	d := &demo{app: a}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve a generated sample collection: encode it, ask about it, print the answers",
		Long: `Make a collection of sample documents, serve it as ` + "`perk serve`" + ` does, write its documents into adapters, ask the sample questions, print the
answers, and go on serving until Ctrl-C. Without --data everything lies in a temporary directory that is removed at the end.`,
		Args: cobra.NoArgs,
		RunE: a.do(d.run),
	}
	f := c.Flags()
	f.IntVar(&d.documents, "documents", 12, "sample documents, of 1K to 8K tokens")
	f.Uint64Var(&d.seed, "seed", 1, "seed of the sample")
	f.StringVar(&d.listen, "listen", "127.0.0.1:0", "host:port of the endpoint; port 0: any free one")
	f.StringVar(&d.weaviate, "weaviate-server", "", "keep the documents in a real Weaviate: folder of its binary, which is built there when it is missing")
	f.BoolVar(&d.once, "once", false, "end after the answers; status 1 when fewer than 90% are right")
	return c
}

func (d *demo) run(ctx context.Context, cmd *cobra.Command, _ []string) error {
	m, err := d.load(ctx)
	if err != nil {
		return err
	}
	if d.episodes, err = task.Sample(d.seed, d.documents, nil, m.Tokenizer.Count); err != nil {
		return err
	}
	if !cmd.Flags().Changed("data") {
		dir, err := os.MkdirTemp("", "perk-demo-")
		if err != nil {
			return perk.E(perk.EUnavailable, "demo", err).WithHint("name a directory by --data")
		}
		defer os.RemoveAll(dir)
		d.data = dir
	}
	open := d.openFolder
	if d.weaviate != "" {
		w, status, err := d.startWeaviate(ctx, cmd.ErrOrStderr())
		if err != nil || w == nil {
			return firstError(err, status)
		}
		defer w.Stop()
		open = d.openWeaviate(w)
	}
	serving := func(ctx context.Context, s service) (endpoint.Sources, error) {
		var err error
		d.source, d.options, err = open(ctx, s.address)
		return func(collection string) perk.Source {
			if collection != sampleCollection {
				return nil
			}
			return d.source
		}, err
	}
	return d.serve(ctx, listening{on: d.listen}, serving, func(ctx context.Context, s service) error { return d.show(ctx, cmd, s) })
}

// openFolder writes the sample documents into files.
func (d *demo) openFolder(ctx context.Context, _ string) (perk.Source, *sourceOptions, error) {
	o := &sourceOptions{Folder: filepath.Join(d.data, "sample"), Collection: sampleCollection}
	if err := o.prepare(d.app); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(o.Folder, 0o755); err != nil {
		return nil, nil, perk.E(perk.EDenied, "demo", err)
	}
	for _, e := range d.episodes {
		if err := os.WriteFile(filepath.Join(o.Folder, e.ID+".txt"), []byte(e.Text), 0o644); err != nil {
			return nil, nil, perk.E(perk.EDenied, "demo", err)
		}
	}
	source, err := o.open(ctx)
	return source, o, err
}

// show encodes the sample, asks the questions and prints what came of it.
func (d *demo) show(ctx context.Context, cmd *cobra.Command, s service) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "serving %d sample documents on %s\n", len(d.episodes), s.address)
	r, err := d.index(ctx, cmd.ErrOrStderr(), s.module, d.source, d.options, indexer.Options{Collection: sampleCollection, Resume: true})
	if err = firstError(err, failures(r)); err != nil {
		return err
	}
	printReport(w, r)
	t, err := d.askAll(ctx, w, s)
	if err != nil {
		return err
	}
	if err := t.print(ctx, w, s.module); err != nil {
		return err
	}
	if d.once {
		return t.verdict()
	}
	fmt.Fprintf(w, "\nstill serving; in another terminal:\n  perk adapter ls --data %s\n  perk ask --data %s %s %q\nCtrl-C ends\n", d.data, d.data, d.id(0), d.episodes[0].Questions[0].Question)
	<-ctx.Done()
	return nil
}
