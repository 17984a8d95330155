package plugin

import (
	"context"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin/internal/pluginpb"
)

// AskEach is AskAll by single questions, of which at most workers are asked at the same time.
func AskEach(ctx context.Context, r perk.Reasoner, workers int, questions []perk.Question, done func(i int, a *perk.Answer, err error)) error {
	if err := few("plugin.AskAll", len(questions)); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(max(workers, 1))
	var mu sync.Mutex // done is called by one goroutine at a time
	for i, q := range questions {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			a, err := r.Ask(ctx, q, nil)
			if err != nil && ctx.Err() != nil {
				return nil // not answered, which is not the question's fault
			}
			mu.Lock()
			defer mu.Unlock()
			done(i, a, err)
			return nil
		})
	}
	_ = group.Wait() // no goroutine gives an error
	if err := ctx.Err(); err != nil {
		return perk.E(perk.ECanceled, "plugin.AskAll", err)
	}
	return nil
}

// few reports an EInvalid error for more questions than one call may have.
func few(op string, n int) error {
	if n > MaxQuestions {
		return perk.Errorf(perk.EInvalid, op, "%d questions, at most %d are asked at once", n, MaxQuestions)
	}
	return nil
}

// AskAll implements Module.
func (c *client) AskAll(ctx context.Context, questions []perk.Question, done func(int, *perk.Answer, error)) error {
	const op = "plugin.AskAll"
	if err := few(op, len(questions)); err != nil {
		return err
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.AskAll(streamCtx)
	if err != nil {
		return fromStatus(ctx, op, err)
	}
	for _, q := range questions {
		if err = stream.Send(questionToPB(q)); err != nil {
			break
		}
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err != nil && err != io.EOF { // EOF: the answer below says why
		return fromStatus(ctx, op, err)
	}
	answered := make([]bool, len(questions))
	for range questions {
		m, err := stream.Recv()
		if err != nil {
			return ended(ctx, op, err)
		}
		i := m.GetIndex()
		if i < 0 || i >= int64(len(questions)) || answered[i] {
			return perk.Errorf(perk.EInternal, op, "the plugin answered question %d of %d, or answered it twice", i, len(questions))
		}
		answered[i] = true
		if e := m.GetError(); e != nil {
			done(int(i), nil, errorFromPB(e))
			continue
		}
		var p parser
		a := p.answer(m.GetAnswer())
		if p.err != nil {
			return p.err
		}
		done(int(i), a, nil)
	}
	return nil
}

// Find implements Module.
func (c *client) Find(ctx context.Context, content perk.Hash) ([]perk.DocumentID, error) {
	const op = "plugin.Find"
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Find(streamCtx, &pluginpb.FindRequest{Content: content[:]})
	if err != nil {
		return nil, fromStatus(ctx, op, err)
	}
	var ids []perk.DocumentID
	for {
		m, err := stream.Recv()
		if err == io.EOF {
			return ids, nil
		}
		if err != nil {
			return nil, fromStatus(ctx, op, err)
		}
		var p parser
		ids = append(ids, p.id(m))
		if p.err == nil && len(ids) > MaxFound {
			p.fail("more than %d documents", MaxFound)
		}
		if p.err != nil {
			return nil, p.err
		}
	}
}
