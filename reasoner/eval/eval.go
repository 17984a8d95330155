package eval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// Run encodes documents and asks about them. Errors: EInvalid (options, a document that cannot be encoded), EStale, ECanceled.
func Run(ctx context.Context, m *models.Model, o Options) (*Result, error) {
	if err := o.valid(); err != nil {
		return nil, err
	}
	o.Threads = max(1, o.Threads)
	r := &run{model: m, o: o}
	var err error
	if r.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: 1}); err != nil {
		return nil, err
	}
	if r.rea, err = reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{}); err != nil {
		return nil, err
	}
	if r.specials, err = recipe.NewSpecials(m.Tokenizer); err != nil {
		return nil, err
	}
	if r.episodes, err = draw(ctx, m, o); err != nil {
		return nil, err
	}
	for _, e := range r.episodes {
		r.total += 1 + len(e.Questions)*(1+len(o.Readers))
	}
	r.written = make([]written, len(r.episodes))
	r.asked = make([][]outcome, len(r.episodes))
	if err := r.each(ctx, r.encode); err != nil {
		return nil, err
	}
	if err := r.each(ctx, r.ask); err != nil {
		return nil, err
	}
	result := r.result()
	for _, reader := range o.Readers {
		if err := r.baseline(ctx, reader, result); err != nil {
			return nil, err
		}
	}
	result.Chance, err = chance(ctx, m, o, r.episodes)
	return result, err
}

// run is the state of one Run. Every document's slots are its own.
type run struct {
	model    *models.Model
	o        Options
	enc      *encoder.Encoder
	rea      *reasoner.Reasoner
	specials recipe.Specials
	episodes []task.Episode
	written  []written
	asked    [][]outcome

	mu    sync.Mutex
	done  int
	total int
}

// written is a document's adapter.
type written struct {
	adapter *lora.Adapter
	info    perk.AdapterInfo
}

// outcome is one question's answers, scored.
type outcome struct {
	form                string
	memory, none, wrong Score
	seconds             float64 // of the answer with the document's own adapter
	kv                  int64   // bytes of its keys and values
}

// each runs a step on every document, so many at a time.
func (r *run) each(ctx context.Context, step func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.o.Threads)
	for i := range r.episodes {
		group.Go(func() error {
			if err := step(ctx, i); err != nil {
				return perk.Errorf(perk.ErrorCode(err), "eval.Run", "document %s: %w", r.episodes[i].ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// advance tells the progress.
func (r *run) advance(n int, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += n
	if r.o.Progress != nil {
		r.o.Progress(r.done, r.total, what)
	}
}

func (r *run) encode(ctx context.Context, i int) error {
	id := perk.DocumentID{Collection: "eval", UUID: fmt.Sprint(i)}
	a, err := r.enc.Encode(ctx, perk.Document{ID: id, Text: r.episodes[i].Text}, nil)
	if err != nil {
		return err
	}
	adapter, err := r.rea.Load(a.Payload)
	if err != nil {
		return err
	}
	r.written[i] = written{adapter, a.AdapterInfo}
	r.advance(1, "encoding")
	return nil
}

func (r *run) ask(ctx context.Context, i int) error {
	own := r.written[i].adapter
	var others *lora.Adapter
	if len(r.written) > 1 {
		others = r.written[(i+1)%len(r.written)].adapter
	}
	for _, q := range r.episodes[i].Questions {
		o := outcome{form: q.Form}
		for _, c := range []struct {
			adapter *lora.Adapter
			score   *Score
			seconds *float64
		}{{own, &o.memory, &o.seconds}, {nil, &o.none, nil}, {others, &o.wrong, nil}} {
			start := time.Now()
			a, err := r.rea.AskWith(ctx, c.adapter, q.Question, perk.DecodeOptions{})
			if err != nil {
				return err
			}
			if c.seconds != nil {
				*c.seconds = time.Since(start).Seconds()
				o.kv = kvBytes(r.model.LM.Config(), len(r.model.Recipe.Prompt.Question(r.model.Tokenizer, r.specials, q.Question))+a.Tokens)
			}
			*c.score = Score{EM: task.EM(a.Text, q.Answers), F1: task.F1(a.Text, q.Answers)}
		}
		r.asked[i] = append(r.asked[i], o)
		r.advance(1, "asking")
	}
	return nil
}

// median of values that there is at least one of.
func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
