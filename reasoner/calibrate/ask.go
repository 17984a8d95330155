package calibrate

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// Answer is the answer to one question.
type Answer struct {
	Task string
	confidence.Example
	Confidence float64 // by the model's present recipe
	Refused    bool    // it was marked as not in the document
}

// asker writes and asks.
type asker struct {
	enc *encoder.Encoder
	rea *reasoner.Reasoner
}

// Ask draws, writes and asks; answers come in the order of tasks and documents. Errors: EInvalid (options, a task or length that cannot be drawn), ECanceled.
func Ask(ctx context.Context, m *models.Model, o Options) ([]Answer, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	var docs []document
	for i := range o.Tasks {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, "calibrate.Ask", err)
		}
		of, err := draw(m, o, i)
		if err != nil {
			return nil, err
		}
		docs = append(docs, of...)
	}
	var a asker
	var err error
	if a.enc, err = encoder.New(m.LM, m.Tokenizer, m.Recipe, encoder.Options{Threads: 1}); err != nil {
		return nil, err
	}
	if a.rea, err = reasoner.New(m.LM, m.Tokenizer, m.Recipe, nil, reasoner.Options{}); err != nil {
		return nil, err
	}
	answers := make([][]Answer, len(docs))
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.Threads)
	for i := range docs {
		group.Go(func() (err error) {
			if answers[i], err = a.document(ctx, docs[i]); err != nil {
				return perk.Errorf(perk.ErrorCode(err), "calibrate.Ask", "document %s: %w", docs[i].ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; o.Progress != nil {
				o.Progress(done, len(docs))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

// document writes one document and asks it.
func (a *asker) document(ctx context.Context, d document) ([]Answer, error) {
	written, err := a.enc.Encode(ctx, perk.Document{ID: perk.DocumentID{Collection: "calibrate", UUID: fmt.Sprint(d.ID)}, Text: d.Text}, nil)
	if err != nil {
		return nil, err
	}
	adapter, err := a.rea.Load(written.Payload)
	if err != nil {
		return nil, err
	}
	var out []Answer
	for i, q := range slices.Concat(d.own, d.foreign) {
		got, signals, err := a.rea.AskSignals(ctx, adapter, q.Question, perk.DecodeOptions{})
		if err != nil {
			return nil, err
		}
		answerable := i < len(d.own)
		out = append(out, Answer{
			Task:       d.Task,
			Example:    confidence.Example{Signals: signals, Answerable: answerable, Right: answerable && task.EM(got.Text, q.Answers) == 1},
			Confidence: got.Confidence, Refused: got.NotInDocument,
		})
	}
	return out, nil
}
