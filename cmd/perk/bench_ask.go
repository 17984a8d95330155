package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// askReport is what `perk bench ask` measured.
type askReport struct {
	machine
	Model   string         `json:"model"`
	Lengths []lengthReport `json:"lengths"`
	Plugin  spread         `json:"plugin"` // as the first of Lengths, through the plugin process
	Loads   []loadReport   `json:"loads"`
	Stores  []storeReport  `json:"stores"`
}

// loadReport is what clients that ask at once get, in questions a second.
type loadReport struct {
	Clients int     `json:"clients"`
	Apart   float64 `json:"apart_per_s"` // each client on an adapter of its own
	Same    float64 `json:"same_per_s"`  // all clients on one adapter
	Ratio   float64 `json:"ratio"`       // median of Apart / Same, round by round
}

// storeReport is what the first question on one of many stored adapters costs.
type storeReport struct {
	Stored int     `json:"stored"`
	Cold   spread  `json:"cold"` // first question on an adapter
	Warm   spread  `json:"warm"` // the same question again
	Extra  float64 `json:"extra_ms"`
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
	filled   int           // adapters under other names
	progress *progress
}

// answerTokens is the length at which every reply is cut, so that all of them cost the same.
const answerTokens = 10

// askPlan is what is to be measured.
type askPlan struct {
	lengths, clients, stored []int
	asked                    int
	turn                     time.Duration
}

func newBenchAsk(a *app) *cobra.Command {
	var asJSON bool
	var plots string
	var plan askPlan
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
			if a.data, err = os.MkdirTemp("", "perk-bench"); err != nil {
				return perk.E(perk.EDenied, "bench", err)
			}
			defer os.RemoveAll(a.data)
			r, err := benchAsk(ctx, a, m, plan, newProgress(cmd.ErrOrStderr(), "benchmark"))
			if err != nil {
				return err
			}
			if plots != "" {
				if err := r.plot(plots); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			return r.print(cmd.OutOrStdout())
		}),
	}
	c.Flags().IntSliceVar(&plan.stored, "stored", []int{200, 2000, 20000}, "adapters in the store when cold ones are asked, in rising order")
	c.Flags().IntSliceVar(&plan.clients, "clients", []int{1, 4, 16, 64}, "clients that ask at once")
	c.Flags().IntSliceVar(&plan.lengths, "tokens", []int{1024, 8192, 131072}, "lengths of documents")
	c.Flags().IntVar(&plan.asked, "n", 100, "questions of each measurement and round")
	c.Flags().DurationVar(&plan.turn, "turn", time.Second, "how long the clients ask in each round")
	c.Flags().StringVar(&plots, "plots", "", "also draw answers over length, clients and stored adapters into this directory")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func benchAsk(ctx context.Context, a *app, m *models.Model, plan askPlan, p *progress) (_ *askReport, err error) {
	if len(plan.lengths) == 0 || plan.asked < 1 || !slices.IsSorted(plan.stored) {
		return nil, perk.Errorf(perk.EInvalid, "bench", "one length and one question are the least, and stored adapters come in rising order")
	}
	b := &askBench{m: m, turn: plan.turn, progress: p}
	defer func() { p.end("done") }()
	if b.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: runtime.GOMAXPROCS(0)}); err != nil {
		return nil, err
	}
	r := &askReport{machine: (&bench{threads: runtime.GOMAXPROCS(0)}).machine(), Model: m.Name}
	if err := b.inProcess(ctx, a.storeDir(), r, plan); err != nil {
		return nil, err
	}
	return r, b.plugin(ctx, a, r, plan.asked)
}

// inProcess measures a reasoner over a store in this process.
func (b *askBench) inProcess(ctx context.Context, dir string, r *askReport, plan askPlan) (err error) {
	if b.store, err = adapterstore.Open(dir, adapterstore.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.store.Close()) }()
	if b.rea, err = reasoner.New(b.m.LM, b.m.Tokenizer, b.m.Recipe, b.store, reasoner.Options{}); err != nil {
		return err
	}
	if err := b.lengths(ctx, r, plan.lengths, plan.asked); err != nil {
		return err
	}
	if err := b.fill(ctx, r.Lengths[0].id, slices.Max(append(plan.clients, 1))); err != nil {
		return err
	}
	for _, n := range plan.clients {
		l, err := b.load(ctx, n)
		if err != nil {
			return err
		}
		r.Loads = append(r.Loads, l)
	}
	for _, n := range plan.stored {
		from := b.filled
		if err := b.fill(ctx, r.Lengths[0].id, n); err != nil {
			return err
		}
		s, err := b.cold(ctx, from, b.filled, plan.asked)
		if err != nil {
			return err
		}
		r.Stores = append(r.Stores, s)
	}
	return nil
}

// plugin asks as often through the plugin process, in which the first document is loaded by a first question.
func (b *askBench) plugin(ctx context.Context, a *app, r *askReport, asked int) error {
	h, err := a.host(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	for range rounds*asked + 1 {
		x, _, err := b.askOf(ctx, h, r.Lengths[0].id)
		if err != nil {
			return errors.Join(err, h.Close())
		}
		took = append(took, x)
	}
	r.Plugin = newSpread(took[1:])
	return h.Close()
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
	return b.askOf(ctx, b.rea, id)
}

func (b *askBench) askOf(ctx context.Context, r perk.Reasoner, id perk.DocumentID) (time.Duration, *perk.Answer, error) {
	start := time.Now()
	a, err := r.Ask(ctx, perk.Question{Document: id, Text: b.question, Options: perk.DecodeOptions{MaxTokens: answerTokens}}, nil)
	return time.Since(start), a, err
}

func stored(i int) perk.DocumentID {
	return perk.DocumentID{Collection: "stored", UUID: fmt.Sprintf("%08d", i)}
}

// fill stores a document's adapter under other names until there are n of them.
func (b *askBench) fill(ctx context.Context, from perk.DocumentID, n int) error {
	a, err := b.store.Get(ctx, b.enc.Key(from))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for ; b.filled < n; b.filled++ {
		b.progress.set(int64(b.filled), int64(n), "storing adapters")
		c := *a
		c.Key = b.enc.Key(stored(b.filled))
		group.Go(func() error { return b.store.Put(ctx, &c) })
	}
	return group.Wait()
}

// load asks from many clients at once, in turns on adapters of their own and on one.
func (b *askBench) load(ctx context.Context, clients int) (loadReport, error) {
	rate := func(document func(client int) int) (float64, error) {
		var n atomic.Int64
		group, ctx := errgroup.WithContext(ctx)
		start := time.Now()
		for c := range clients {
			group.Go(func() error {
				for time.Since(start) < b.turn {
					if _, _, err := b.ask(ctx, stored(document(c))); err != nil {
						return err
					}
					n.Add(1)
				}
				return nil
			})
		}
		err := group.Wait()
		return float64(n.Load()) / time.Since(start).Seconds(), err
	}
	var apart, same, ratio []float64
	for round := range rounds + 1 {
		b.progress.set(int64(round), rounds+1, fmt.Sprintf("%d clients", clients))
		x, err := rate(func(c int) int { return c })
		if err != nil {
			return loadReport{}, err
		}
		y, err := rate(func(int) int { return 0 })
		if err != nil {
			return loadReport{}, err
		}
		if round > 0 { // the first one warms up
			apart, same, ratio = append(apart, x), append(same, y), append(ratio, x/y)
		}
	}
	return loadReport{clients, quantile(apart, .5), quantile(same, .5), quantile(ratio, .5)}, nil
}

// cold asks adapters that were stored last and not loaded before, spread over all of them, each twice.
func (b *askBench) cold(ctx context.Context, from, to, asked int) (storeReport, error) {
	var cold, warm []time.Duration
	var extra []float64
	n := min(asked*rounds, to-from)
	for i := range n {
		id := stored(from + i*(to-from)/n)
		b.progress.set(int64(i), int64(n), "cold adapters")
		x, _, err := b.ask(ctx, id)
		if err != nil {
			return storeReport{}, err
		}
		y, _, err := b.ask(ctx, id)
		if err != nil {
			return storeReport{}, err
		}
		cold, warm, extra = append(cold, x), append(warm, y), append(extra, (x-y).Seconds()*1e3)
	}
	if n == 0 {
		return storeReport{}, perk.Errorf(perk.EInvalid, "bench", "there are %d adapters already, and so none that was not loaded", from)
	}
	return storeReport{to, newSpread(cold), newSpread(warm), quantile(extra, .5)}, nil
}
