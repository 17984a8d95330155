package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/folder"
	"github.com/perkdb/perk/integration/weaviate"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/plugin"
)

// enough is the share of right answers below which the demonstration has failed.
const enough = 0.9

// tally adds up the answers.
type tally struct {
	right, asked int
	took         []time.Duration
}

// id names a sample document as its source does.
func (d *demo) id(i int) perk.DocumentID {
	uuid := folder.UUID(d.episodes[i].ID + ".txt")
	if d.options.Weaviate != "" {
		uuid = weaviate.UUID(d.episodes[i].ID)
	}
	return perk.DocumentID{Collection: sampleCollection, UUID: uuid}
}

// askAll asks every sample question, and prints each with its answer.
func (d *demo) askAll(ctx context.Context, w io.Writer, s service) (*tally, error) {
	t := &tally{}
	for i, e := range d.episodes {
		fmt.Fprintf(w, "\n%s\n", e.ID)
		for _, q := range e.Questions {
			start := time.Now()
			answer, err := d.ask(ctx, s, d.id(i), q.Question)
			if err != nil {
				return nil, err
			}
			took := time.Since(start)
			t.asked++
			t.took = append(t.took, took)
			mark := "wrong, it is " + strings.Join(q.Answers, " or ")
			if task.EM(answer, q.Answers) == 1 {
				t.right++
				mark = "right"
			}
			fmt.Fprintf(w, "  %-70s %-20s %s (%s)\n", q.Question, strings.TrimSpace(answer), mark, took.Round(100*time.Microsecond))
		}
	}
	return t, nil
}

// ask asks one document: through Weaviate's own query language where the documents are in a Weaviate.
func (d *demo) ask(ctx context.Context, s service, id perk.DocumentID, question string) (string, error) {
	if d.options.Weaviate != "" {
		return askWeaviate(ctx, d.options.Weaviate, id, question)
	}
	a, err := s.module.Ask(ctx, perk.Question{Document: id, Text: question}, nil)
	if err != nil {
		return "", err
	}
	return a.Reply(), nil
}

// print tells the figures of the whole.
func (t *tally) print(ctx context.Context, w io.Writer, m plugin.Module) error {
	var tokens, adapters int
	var bytes int64
	var seconds float64
	for i, err := range m.List(ctx, sampleCollection) {
		if err != nil {
			return err
		}
		adapters, tokens, bytes, seconds = adapters+1, tokens+i.Tokens, bytes+i.Bytes, seconds+i.Seconds
	}
	slices.Sort(t.took)
	fmt.Fprintf(w, "\n%d of %d questions right (%.0f%%); median %s an answer\n", t.right, t.asked, 100*t.share(), t.took[len(t.took)/2].Round(100*time.Microsecond))
	fmt.Fprintf(w, "%d documents, %d tokens written in %.1f s (%.0f tokens/s); %d bytes an adapter\n", adapters, tokens, seconds, float64(tokens)/seconds, bytes/int64(max(1, adapters)))
	return nil
}

func (t *tally) share() float64 { return float64(t.right) / float64(t.asked) }

// verdict is an error where too few answers are right.
func (t *tally) verdict() error {
	if t.share() < enough {
		return perk.Errorf(perk.EInternal, "demo", "%d of %d answers are right, fewer than %.0f%%", t.right, t.asked, 100*enough).
			WithHint("is --model a trained one?")
	}
	return nil
}
