package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/ollama"
	"github.com/perkdb/perk/integration/weaviate"
)

func newServe(a *app) *cobra.Command {
	o := &sourceOptions{}
	var listen string
	var interval time.Duration
	var workers int
	var least float64
	c := &cobra.Command{
		Use:   "serve (--folder DIR | --weaviate URL --collection NAME)",
		Short: "Keep a collection's adapters up to date and answer questions over HTTP",
		Long: `Run the plugin process, keep the adapters of a collection in step with its documents, and answer questions over Ollama's HTTP API, which is
what Weaviate's generative-ollama module speaks. Other commands with the same --data use this server. It ends on Ctrl-C or SIGTERM.

With $` + endpointKeyEnv + ` set, every request must carry that key; without it the endpoint listens on loopback only.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.level, a.log = "info", a.log.Level(zerolog.InfoLevel)
			}
			o.log = a.log
			open := func(ctx context.Context, _ string) (perk.Source, *sourceOptions, error) {
				source, err := o.open(ctx)
				if w, ok := source.(*weaviate.Source); ok && err == nil {
					if err := w.CheckRefs(ctx); err != nil {
						a.log.Warn().Err(err).Msg("prompts cannot name the collection's objects yet; run `perk index --write-refs`")
					}
				}
				return source, o, err
			}
			e := endpoint{listen: listen}
			if cmd.Flags().Changed("min-confidence") {
				e.minConfidence = &least
			}
			return a.serve(ctx, e, open, func(ctx context.Context, s *service) error {
				fmt.Fprintf(cmd.OutOrStdout(), "serving collection %s on %s; Ctrl-C ends\n", o.Collection, s.endpoint)
				return a.watch(ctx, s, interval, workers)
			})
		}),
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&listen, "listen", ollama.DefaultAddress, "host:port of the endpoint")
	f.DurationVar(&interval, "interval", time.Minute, "time between two passes over the documents; 0: only `perk index` makes them")
	f.IntVar(&workers, "workers", 1, "documents read and encoded at the same time")
	minConfidence(f, &least)
	fromEnvironment(f, "listen", "PERK_LISTEN")
	return c
}

// watch keeps the adapters in step until ctx ends.
func (a *app) watch(ctx context.Context, s *service, interval time.Duration, workers int) error {
	if err := s.options.remember(ctx, s.module); err != nil {
		return err
	}
	if interval <= 0 {
		<-ctx.Done()
		return nil
	}
	o := indexer.Options{Collection: s.options.Collection, Workers: workers}
	return indexer.New(s.source, s.module, a.log).Watch(ctx, o, interval, nil)
}
