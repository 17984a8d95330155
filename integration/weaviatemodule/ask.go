package weaviatemodule

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/locate"
	"github.com/perkdb/perk/plugin"
)

// hit is an object that a query found, with the text that it holds there.
type hit struct {
	id    perk.DocumentID
	text  string
	hash  perk.Hash
	loose bool // the tenant is not known: any adapter of this uuid and text will do
	reply *reply
}

// question is what is asked about hits.
type question struct {
	text    string
	options perk.DecodeOptions
}

// askAll gives every hit its reply: one call for all, within the limits of a query.
func (m *Module) askAll(ctx context.Context, hits []*hit, q question) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, m.settings.deadline)
	defer cancel()
	asked := hits[:min(len(hits), m.settings.adapters)]
	for _, h := range hits[len(asked):] {
		if h.reply != nil {
			continue
		}
		h.reply = none(h.id, Unanswered, fmt.Sprintf("a query asks at most %d adapters", m.settings.adapters))
	}
	target, err := m.link.module(ctx)
	if err == nil {
		err = m.resolve(ctx, target, asked)
	}
	var open []*hit
	var questions []perk.Question
	for _, h := range asked {
		if h.reply == nil {
			open = append(open, h)
			questions = append(questions, perk.Question{Document: h.id, Text: strings.TrimSpace(q.text), Content: h.hash, Options: q.options})
		}
	}
	if err == nil && len(open) > 0 {
		err = target.AskAll(ctx, questions, func(i int, a *perk.Answer, err error) {
			if h := open[i]; err != nil {
				h.reply = m.explain(ctx, h, err)
			} else {
				locate.Facts(h.text, a.Support)
				h.reply = answered(h.id, a)
			}
		})
	}
	if perk.ErrorCode(err) == perk.ECanceled && ctx.Err() == context.DeadlineExceeded {
		err = perk.Errorf(perk.ECanceled, Name, "there was no answer in %v", m.settings.deadline)
	}
	for _, h := range open {
		if h.reply == nil {
			h.reply = none(h.id, Unanswered, err.Error())
		}
	}
	for _, h := range asked {
		m.metrics.Asked(h.reply.outcome(), time.Since(began))
	}
}

// resolve finds the documents of hits without a tenant, and replies for hits without a text.
func (m *Module) resolve(ctx context.Context, target plugin.Module, hits []*hit) error {
	var group errgroup.Group
	group.SetLimit(8)
	for _, h := range hits {
		if h.reply != nil {
			continue
		}
		if h.text == "" {
			h.reply = none(h.id, Failed, "the object has no text")
			continue
		}
		h.hash = perk.ContentHash(h.text)
		if h.loose {
			group.Go(func() error { return m.resolveLoose(ctx, target, h) })
		}
	}
	return group.Wait()
}

func (m *Module) resolveLoose(ctx context.Context, target plugin.Module, h *hit) error {
	ids, err := target.Find(ctx, h.hash)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id.Collection == h.id.Collection && id.UUID == h.id.UUID && m.mayRead(ctx, id) {
			h.id = id
			return nil
		}
	}
	h.reply = none(h.id, Pending, "there is no adapter of this uuid and text; the query's hits do not say their tenant, which the argument tenant can")
	return nil
}

// explain is the reply of an adapter that could not be asked; what is pending or stale may be under way, or have failed.
func (m *Module) explain(ctx context.Context, h *hit, err error) *reply {
	r := refused(h.id, err)
	if r.State == Pending || r.State == Stale {
		if state, reason := m.follower.standing(ctx, h.id); state != "" {
			return none(h.id, state, reason)
		}
	}
	return r
}

// states gives every hit the state of its adapter without asking it anything.
func (m *Module) states(ctx context.Context, hits []*hit) {
	ctx, cancel := context.WithTimeout(ctx, m.settings.deadline)
	defer cancel()
	target, err := m.link.module(ctx)
	if err == nil {
		err = m.resolve(ctx, target, hits)
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, h := range hits {
		if h.reply != nil {
			continue
		}
		group.Go(func() error {
			if err != nil {
				h.reply = refused(h.id, err)
				return nil
			}
			info, err := target.Describe(ctx, h.id)
			switch {
			case err != nil:
				h.reply = m.explain(ctx, h, err)
			case info.Content != h.hash:
				h.reply = m.explain(ctx, h, perk.Errorf(perk.EStale, Name, "the text of %s changed since it was encoded", h.id))
			default:
				h.reply = &reply{Key: h.id.String(), State: Ready}
			}
			return nil
		})
	}
	_ = group.Wait() // the replies carry the errors
}
