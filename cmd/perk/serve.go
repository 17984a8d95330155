package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/endpoint"
	"github.com/perkdb/perk/integration/indexer"
	"github.com/perkdb/perk/integration/metrics"
	"github.com/perkdb/perk/integration/weaviate"
)

func newServe(a *app) *cobra.Command {
	o := &sourceOptions{}
	var follow indexer.Options
	var least float64
	var threads int
	var l listening
	c := &cobra.Command{
		Use:   "serve (--folder DIR | --weaviate URL [--collection NAME,...])",
		Short: "Keep collections' adapters up to date and answer questions over HTTP",
		Long: `Run the plugin process, keep the adapters of collections in step with their documents, and answer questions over Ollama's HTTP API, which is
what Weaviate's generative-ollama module speaks. Without --collection all collections of Weaviate are served that have the text properties and ` + weaviate.RefProperty + `,
those that are added later too; the adapters of a dropped one are removed. Other commands with the same --data use this server. It ends on Ctrl-C or SIGTERM.

GET /metrics on the same address has figures for Prometheus. With $` + endpointKeyEnv + ` set, every request must carry that key; without it the endpoint listens on loopback only.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.level, a.log = "info", a.log.Level(zerolog.InfoLevel)
			}
			if cmd.Flags().Changed("min-confidence") {
				l.endpoint.MinConfidence = &least
			}
			a.encodeThreads = threads
			if err := o.prepare(a); err != nil {
				return err
			}
			var fleet *indexer.Fleet
			figures := metrics.New(func() []indexer.Overview { return fleet.Overviews() })
			l.endpoint.Asked, l.endpoint.Extra = figures.Asked, map[string]http.Handler{"GET /metrics": figures.Handler()}
			l.endpoint.Changed = func(id perk.DocumentID, wait time.Duration) {
				if id.UUID == "" {
					fleet.Look(wait)
					return
				}
				fleet.NotifyLater(id, wait)
			}
			open := func(ctx context.Context, s service) (_ endpoint.Sources, err error) {
				if fleet, err = indexer.NewFleet(s.module, &catalogue{a: a, o: o, module: s.module}, follow, a.log); err != nil {
					return nil, err
				}
				err = fleet.Discover(ctx)
				if perk.ErrorCode(err) == perk.EUnavailable { // Weaviate may itself wait for this endpoint
					a.log.Warn().Err(err).Msg("serving without documents until the database answers")
					err = nil
				}
				return fleet.Source, err
			}
			return a.serve(ctx, l, open, func(ctx context.Context, s service) error {
				fmt.Fprintf(cmd.OutOrStdout(), "serving %s on %s; Ctrl-C ends\n", o.describe(), s.address)
				if follow.Interval <= 0 {
					return a.discoverOnly(ctx, fleet)
				}
				return fleet.Run(ctx)
			})
		}),
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&l.on, "listen", endpoint.DefaultAddress, "host:port of the endpoint")
	f.DurationVar(&follow.Interval, "interval", time.Minute, "time between two looks for changed documents; 0: only `perk index` writes adapters")
	f.DurationVar(&follow.Whole, "whole", time.Hour, "time between two whole passes, where the database can list its changes")
	f.IntVar(&follow.Workers, "workers", 1, "documents of a pass looked at and encoded at the same time")
	limits(f, &follow.Limits, defaultShare)
	f.IntVar(&threads, encodeThreadsFlag, max(1, runtime.GOMAXPROCS(0)/2), "threads of an encode; half of the processors leave the others to the database")
	f.BoolVar(&l.endpoint.Unsigned, "unsigned-keys", false, "take document keys without a signature: whoever reaches the endpoint may ask every served document")
	f.IntVar(&l.endpoint.MaxDocuments, "max-documents", 32, "documents that one prompt may ask")
	f.DurationVar(&l.endpoint.Deadline, "deadline", 30*time.Second, "longest time for one prompt; what is answered by then is given")
	f.BoolVar(&o.writeRefs, "write-refs", false, "set the property "+weaviate.RefProperty+" of Weaviate objects that lack their signed key, as they are met")
	minConfidence(f, &least)
	fromEnvironment(f, "listen", "PERK_LISTEN")
	return c
}

// discoverOnly keeps the list of collections up to date, and no adapters, until ctx ends.
func (a *app) discoverOnly(ctx context.Context, fleet *indexer.Fleet) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return perk.E(perk.ECanceled, "serve", ctx.Err())
		case <-tick.C:
		}
		if err := fleet.Discover(ctx); err != nil {
			a.log.Warn().Err(err).Msg("could not find out which collections there are")
		}
	}
}

// defaultShare keeps the latency of the database's own queries beside a backfill; `make soak` measures it.
const defaultShare = 0.5

// limits adds the flags that keep room for the database.
func limits(f *pflag.FlagSet, l *indexer.Limits, share float64) {
	f.Float64Var(&l.Share, "share", share, "largest part of the time, above 0 to 1, that is spent on encoding")
	f.Float64Var(&l.PerSecond, "rate", 0, "most documents encoded a second; 0: any number")
}
