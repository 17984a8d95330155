package indexer

import (
	"context"
	"encoding/json"
	"time"

	"github.com/perkdb/perk"
)

// poll is the time between two looks at what another program asked for.
const poll = time.Second

// control is what people ask of a collection's indexing. It lies beside the adapters, so that any program that reaches them can ask, and a restart
// forgets nothing.
type control struct {
	Paused bool  `json:"paused"`
	Retry  int64 `json:"retry"` // counts the requests to try failed documents again
}

func (x *Indexer) controlKey() string { return "control/" + x.o.Collection }

func (x *Indexer) readControl(ctx context.Context) (control, error) {
	var c control
	text, err := x.module.Meta(ctx, x.controlKey())
	if perk.ErrorCode(err) == perk.ENotFound {
		return c, nil
	}
	if err == nil && json.Unmarshal(text, &c) != nil {
		return control{}, nil // another version's: nothing was asked for
	}
	return c, err
}

// ask changes the control and applies it here; a Follow elsewhere takes it up within a second.
func (x *Indexer) ask(ctx context.Context, change func(*control)) error {
	c, err := x.readControl(ctx)
	if err != nil {
		return err
	}
	change(&c)
	text, err := json.Marshal(c)
	if err != nil {
		return perk.E(perk.EInternal, "indexer", err)
	}
	if err := x.module.SetMeta(ctx, x.controlKey(), text); err != nil {
		return err
	}
	x.gate.set(c.Paused)
	return nil
}

// Pause stops the encoding of the collection's documents, here and in every program that follows it, until Resume, restarts included. An encode under way
// ends first. Hints are still taken and wait, those of deleted documents too: nobody answers from an adapter whose document is gone.
func (x *Indexer) Pause(ctx context.Context) error {
	return x.ask(ctx, func(c *control) { c.Paused = true })
}

// Resume ends a Pause.
func (x *Indexer) Resume(ctx context.Context) error {
	return x.ask(ctx, func(c *control) { c.Paused = false })
}

// RetryFailed has the failed documents tried again by whoever follows the collection, and says how many there are.
func (x *Indexer) RetryFailed(ctx context.Context) (int, error) {
	list, err := x.failures.load(ctx)
	if err != nil {
		return 0, err
	}
	return len(list), x.ask(ctx, func(c *control) { c.Retry++ })
}

// Failures lists the documents that could not be indexed, in the order of their ids.
func (x *Indexer) Failures(ctx context.Context) ([]Failure, error) { return x.failures.load(ctx) }

// obey applies what was asked for until ctx ends.
func (x *Indexer) obey(ctx context.Context, from control) error {
	for at := from; ; {
		if err := pause(ctx, poll); err != nil {
			return err
		}
		c, err := x.readControl(ctx)
		if err != nil {
			continue // the plugin is away: the passes say so
		}
		x.gate.set(c.Paused)
		if c.Retry != at.Retry {
			list, err := x.failures.load(ctx)
			if err != nil {
				continue
			}
			for _, f := range list {
				x.Notify(f.Document)
			}
		}
		at = c
	}
}
