package main

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/perkdb/perk/internal/engine"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/plugin"
)

// encodeThreadsFlag is the plugin's, which host sets, and that of `perk serve`.
const encodeThreadsFlag = "encode-threads"

func newPlugin(a *app) *cobra.Command {
	var weights string
	var threads int
	c := &cobra.Command{
		Use:   "plugin",
		Short: "Run the plugin process (started by the other commands, not by hand)",
		Long:  "Run the plugin process, which owns base model and adapter store. The other commands start it over go-plugin; it ends with them.",
		Args:  cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, _ *cobra.Command, _ []string) error {
			// Ctrl-C reaches the whole process group; the host decides when its plugin ends.
			return a.runPlugin(context.WithoutCancel(ctx), weights, threads)
		}),
	}
	c.Flags().StringVar(&weights, "answer-weights", lm.Int8.String(), "int8, bfloat16 or float32 weights for answers")
	c.Flags().IntVar(&threads, encodeThreadsFlag, 0, "threads of an encode; 0: as many as there are processors")
	fromEnvironment(c.Flags(), "answer-weights", "PERK_ANSWER_WEIGHTS")
	return c
}

// runPlugin uses the process's own standard streams: they are part of go-plugin's contract.
func (a *app) runPlugin(ctx context.Context, weights string, threads int) error {
	log := plugin.NewLogger(os.Stderr).Level(a.log.GetLevel())
	e, err := a.openEngine(ctx, weights, threads, log)
	if err != nil {
		return errors.Join(err, plugin.Abort(os.Stderr, err))
	}
	return plugin.Serve(ctx, e, log)
}

func (a *app) openEngine(ctx context.Context, weights string, threads int, log zerolog.Logger) (*engine.Engine, error) {
	p, err := precision(weights)
	if err != nil {
		return nil, err
	}
	files, err := a.shelf().Find(a.model)
	if err != nil {
		return nil, err
	}
	m, err := a.find(ctx, files.Ref)
	if err != nil {
		return nil, err
	}
	processors := crowd()
	if threads <= 0 {
		threads = processors
	}
	return engine.Open(a.storeDir(), m, engine.Options{Version: version(), EncodeThreads: threads, AnswerThreads: processors, Precision: p, Logger: log,
		Name: files.Ref, Find: a.find})
}

// crowding is how many threads share a processor at most.
const crowding = 4

// crowd gives the number of processors, and lets the Go runtime use more threads than these. A goroutine that becomes ready waits in Go's queue behind those
// that compute, 10 ms for each, and behind those that wait for a page of a mapped file, as long as the disk takes: Badger's compactions after a bulk write
// do both. An operating system lets a thread that wakes go first, and a processor do something else while a page comes. Where the process may use less
// than the machine has, it stays so: threads in excess would spend the quota of a container before its period has ended, and all would stand still for
// the rest.
func crowd() int {
	n := runtime.GOMAXPROCS(0)
	if n == runtime.NumCPU() {
		runtime.GOMAXPROCS(crowding * n)
	}
	return n
}
