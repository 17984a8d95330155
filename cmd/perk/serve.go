package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/ollama"
	"github.com/perkdb/perk/integration/weaviate"
)

func newServe(a *app) *cobra.Command {
	o := &sourceOptions{}
	var listen string
	var follow indexer.Options
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
				follow.Collection = s.options.Collection
				return a.follow(ctx, s, follow)
			})
		}),
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&listen, "listen", ollama.DefaultAddress, "host:port of the endpoint")
	f.DurationVar(&follow.Interval, "interval", time.Minute, "time between two looks for changed documents; 0: only `perk index` writes adapters")
	f.DurationVar(&follow.Whole, "whole", time.Hour, "time between two whole passes, where the database can list its changes")
	f.IntVar(&follow.Workers, "workers", 1, "documents of a pass looked at and encoded at the same time")
	limits(f, &follow.Limits, defaultShare)
	minConfidence(f, &least)
	fromEnvironment(f, "listen", "PERK_LISTEN")
	return c
}

// follow keeps the adapters in step until ctx ends.
func (a *app) follow(ctx context.Context, s *service, o indexer.Options) error {
	if err := s.options.remember(ctx, s.module); err != nil {
		return err
	}
	if o.Interval <= 0 {
		<-ctx.Done()
		return nil
	}
	x, err := indexer.New(s.source, s.module, o, a.log)
	if err != nil {
		return err
	}
	return x.Follow(ctx)
}

// defaultShare keeps the latency of the database's own queries beside a backfill; `make soak` measures it.
const defaultShare = 0.5

// limits adds the flags that keep room for the database.
func limits(f *pflag.FlagSet, l *indexer.Limits, share float64) {
	f.Float64Var(&l.Share, "share", share, "largest part of the time, above 0 to 1, that is spent on encoding")
	f.Float64Var(&l.PerSecond, "rate", 0, "most documents encoded a second; 0: any number")
}
