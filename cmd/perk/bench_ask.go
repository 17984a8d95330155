package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/kernel"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// askReport is what `perk bench ask` measured.
type askReport struct {
	Model   string `json:"model"`
	Kernel  string `json:"kernel"`
	Threads int    `json:"threads"`

	Lengths []lengthReport `json:"lengths"`
	Clients int            `json:"clients"`
	Apart   float64        `json:"apart_per_s"` // questions a second, each client on an adapter of its own
	Same    float64        `json:"same_per_s"`  // all clients on one adapter
	Ratio   float64        `json:"ratio"`       // median of Apart / Same, round by round
	Single  float64        `json:"single_per_s"`
	Stored  int            `json:"stored"`
	Cold    spread         `json:"cold"` // first question on an adapter
	Warm    spread         `json:"warm"` // the same question again
	Extra   float64        `json:"extra_ms"`
}

// lengthReport is one document's answers: one client, adapter loaded.
type lengthReport struct {
	Document int `json:"document_tokens"`
	Answer   int `json:"answer_tokens"`
	spread
	took []time.Duration
	id   perk.DocumentID
}

// askBench is a reasoner over a store of its own.
type askBench struct {
	m        *models.Model
	enc      *encoder.Encoder
	store    *adapterstore.Store
	rea      *reasoner.Reasoner
	question string
	turn     time.Duration // of many clients
	progress *progress
}

// answerTokens is the length at which every reply is cut, so that all of them cost the same.
const answerTokens = 10

func newBenchAsk(a *app) *cobra.Command {
	var asJSON bool
	var stored, clients, asked int
	var lengths []int
	var turn time.Duration
	c := &cobra.Command{
		Use:   "ask",
		Short: "Measure questions: one client, many clients, documents of any length, cold adapters",
		Long: `Write generated documents into a store of its own, in a temporary directory, and ask about them: how long an answer of 10 tokens takes for documents of
several lengths, what many clients get on adapters of their own and on one, and what the first question on one of many stored adapters costs.`,
		Args: cobra.NoArgs,
		RunE: a.do(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
			m, err := a.load(ctx)
			if err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "perk-bench")
			if err != nil {
				return perk.E(perk.EDenied, "bench", err)
			}
			defer os.RemoveAll(dir)
			r, err := benchAsk(ctx, m, dir, askReport{Stored: stored, Clients: clients}, lengths, asked, turn, newProgress(cmd.ErrOrStderr(), "benchmark"))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			return r.print(cmd.OutOrStdout())
		}),
	}
	c.Flags().IntVar(&stored, "stored", 20000, "adapters in the store when cold ones are asked")
	c.Flags().IntVar(&clients, "clients", 64, "clients that ask at once")
	c.Flags().IntVar(&asked, "n", 100, "questions of each measurement and round")
	c.Flags().DurationVar(&turn, "turn", time.Second, "how long the clients ask in each round")
	c.Flags().IntSliceVar(&lengths, "tokens", []int{1024, 8192, 131072}, "lengths of documents")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func benchAsk(ctx context.Context, m *models.Model, dir string, r askReport, lengths []int, asked int, turn time.Duration, p *progress) (_ *askReport, err error) {
	b := &askBench{m: m, turn: turn, progress: p}
	defer func() { p.end("done") }()
	if b.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: runtime.GOMAXPROCS(0)}); err != nil {
		return nil, err
	}
	if b.store, err = adapterstore.Open(dir, adapterstore.Options{}); err != nil {
		return nil, err
	}
	defer b.store.Close()
	if b.rea, err = reasoner.New(m.LM, m.Tokenizer, m.Recipe, b.store, reasoner.Options{}); err != nil {
		return nil, err
	}
	r.Model, r.Kernel, r.Threads = m.Name, kernel.Features(), runtime.GOMAXPROCS(0)
	if err := b.lengths(ctx, &r, lengths, asked); err != nil {
		return nil, err
	}
	if err := b.fill(ctx, r.Lengths[0].id, max(r.Stored, r.Clients)); err != nil {
		return nil, err
	}
	if err := b.clients(ctx, &r); err != nil {
		return nil, err
	}
	return &r, b.cold(ctx, &r, asked)
}

// lengths writes a document of each length and asks about them in turns.
func (b *askBench) lengths(ctx context.Context, r *askReport, lengths []int, asked int) error {
	for i, tokens := range lengths {
		b.progress.set(int64(i), int64(len(lengths)), fmt.Sprintf("writing %d tokens", tokens))
		text, err := sampleText(b.m, tokens)
		if err != nil {
			return err
		}
		l := lengthReport{Document: tokens, id: perk.DocumentID{Collection: "length", UUID: fmt.Sprint(tokens)}}
		a, err := b.enc.Encode(ctx, perk.Document{ID: l.id, Text: text}, nil)
		if err != nil {
			return err
		}
		if err := b.store.Put(ctx, a); err != nil {
			return err
		}
		r.Lengths = append(r.Lengths, l)
	}
	if err := b.choose(ctx, r.Lengths); err != nil {
		return err
	}
	for range rounds {
		for i := range r.Lengths {
			l := &r.Lengths[i]
			for range asked {
				took, a, err := b.ask(ctx, l.id)
				if err != nil {
					return err
				}
				l.took, l.Answer = append(l.took, took), a.Tokens
			}
		}
	}
	for i := range r.Lengths {
		r.Lengths[i].spread = newSpread(r.Lengths[i].took)
	}
	return nil
}

// choose takes the first question to which every document gives a reply of full length, so that they can be compared.
func (b *askBench) choose(ctx context.Context, lengths []lengthReport) error {
	for _, name := range []string{"Mary", "John", "Daniel", "Sandra"} {
		b.question = "Where is " + name + "?"
		full := 0
		for i := range lengths {
			_, a, err := b.ask(ctx, lengths[i].id)
			if err != nil {
				return err
			}
			if a.Tokens == answerTokens {
				full++
			}
		}
		if full == len(lengths) {
			break
		}
	}
	return nil
}

func (b *askBench) ask(ctx context.Context, id perk.DocumentID) (time.Duration, *perk.Answer, error) {
	start := time.Now()
	a, err := b.rea.Ask(ctx, perk.Question{Document: id, Text: b.question, Options: perk.DecodeOptions{MaxTokens: answerTokens}}, nil)
	return time.Since(start), a, err
}

func stored(i int) perk.DocumentID {
	return perk.DocumentID{Collection: "stored", UUID: fmt.Sprintf("%08d", i)}
}

// fill stores a document's adapter under n other names.
func (b *askBench) fill(ctx context.Context, from perk.DocumentID, n int) error {
	a, err := b.store.Get(ctx, b.enc.Key(from))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for i := range n {
		b.progress.set(int64(i), int64(n), "storing adapters")
		group.Go(func() error {
			c := *a
			c.Key = b.enc.Key(stored(i))
			return b.store.Put(ctx, &c)
		})
	}
	return group.Wait()
}

// clients asks from many clients at once, in turns on adapters of their own and on one.
func (b *askBench) clients(ctx context.Context, r *askReport) error {
	rate := func(clients int, document func(client int) int) (float64, error) {
		var n atomic.Int64
		var failed error
		var once sync.Once
		var all sync.WaitGroup
		start := time.Now()
		for c := range clients {
			all.Go(func() {
				for time.Since(start) < b.turn {
					if _, _, err := b.ask(ctx, stored(document(c))); err != nil {
						once.Do(func() { failed = err })
						return
					}
					n.Add(1)
				}
			})
		}
		all.Wait()
		return float64(n.Load()) / time.Since(start).Seconds(), failed
	}
	var apart, same, single, ratio []float64
	for round := range rounds + 1 {
		b.progress.set(int64(round), rounds+1, fmt.Sprintf("%d clients", r.Clients))
		x, err := rate(r.Clients, func(c int) int { return c })
		if err != nil {
			return err
		}
		y, err := rate(r.Clients, func(int) int { return 0 })
		if err != nil {
			return err
		}
		z, err := rate(1, func(int) int { return 0 })
		if err != nil {
			return err
		}
		if round > 0 { // the first one warms up
			apart, same, single, ratio = append(apart, x), append(same, y), append(single, z), append(ratio, x/y)
		}
	}
	r.Apart, r.Same, r.Single, r.Ratio = quantile(apart, .5), quantile(same, .5), quantile(single, .5), quantile(ratio, .5)
	return nil
}

// cold asks stored adapters that were not loaded before, spread over all of them, each twice.
func (b *askBench) cold(ctx context.Context, r *askReport, asked int) error {
	var cold, warm []time.Duration
	var extra []float64
	asked *= rounds
	for i := range asked {
		id := stored(r.Clients + i*(r.Stored-r.Clients)/asked)
		if r.Stored <= r.Clients {
			break
		}
		b.progress.set(int64(i), int64(asked), "cold adapters")
		x, _, err := b.ask(ctx, id)
		if err != nil {
			return err
		}
		y, _, err := b.ask(ctx, id)
		if err != nil {
			return err
		}
		cold, warm, extra = append(cold, x), append(warm, y), append(extra, (x-y).Seconds()*1e3)
	}
	if len(cold) > 0 {
		r.Cold, r.Warm, r.Extra = newSpread(cold), newSpread(warm), quantile(extra, .5)
	}
	return nil
}

func (r *askReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s on %s kernels, %d threads\n", r.Model, r.Kernel, r.Threads)
	for _, l := range r.Lengths {
		fmt.Fprintf(w, "document of %6d tokens: question to answer of %d tokens %.2f ms (p50), %.2f ms (p99)\n", l.Document, l.Answer, l.P50, l.P99)
	}
	fmt.Fprintf(w, "1 client: %.0f questions/s; %d clients on one adapter %.0f, on adapters of their own %.0f (%.2f)\n", r.Single, r.Clients, r.Same, r.Apart, r.Ratio)
	_, err := fmt.Fprintf(w, "%d adapters stored: first question %.2f ms (p50), %.2f ms (p99); again %.2f, %.2f; extra %.2f ms (median)\n", r.Stored, r.Cold.P50, r.Cold.P99, r.Warm.P50, r.Warm.P99, r.Extra)
	return err
}
