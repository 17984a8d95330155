package indexer

import (
	"context"
	"time"

	"github.com/perkdb/perk"
)

// begin makes id the current document.
func (p *pass) begin(id perk.DocumentID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.status.Current, p.meter.status.Encode = id, perk.Progress{}
	p.report()
}

// progress takes the current document's progress. With several workers it is that of the one that spoke last.
func (p *pass) progress(e perk.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.status.Encode = e
	p.report()
}

// report calls Options.Progress; the caller holds the lock.
func (p *pass) report() {
	if p.o.Progress != nil {
		p.o.Progress(p.meter.snapshot(time.Now()))
	}
}

// settle records an outcome and now and then saves the cursor. Saving under the lock keeps the saved cursors in order.
func (p *pass) settle(ctx context.Context, it item, out outcome) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.add(out)
	p.report()
	moved := p.ledger.settle(it.seq, settled{cursor: it.cursor, outcome: out})
	if !moved || time.Since(p.stored) < saveEvery {
		return nil
	}
	p.stored = time.Now()
	return p.o.Retry.do(ctx, func() error { return store(ctx, p.module, p.o.Collection, p.ledger.state) })
}

// removeGone removes the adapters of documents that the finished scan did not meet and that the source, asked once more, does not find. The
// second question covers documents that were scanned before an interruption or written behind the cursor.
func (p *pass) removeGone(ctx context.Context) error {
	var gone []perk.DocumentID
	err := p.o.Retry.do(ctx, func() error {
		gone = gone[:0]
		var last perk.DocumentID
		for info, err := range p.module.List(ctx, p.o.Collection) {
			if err != nil {
				return err
			}
			id := info.Key.Document
			if _, ok := p.seen[id]; !ok && id != last {
				gone = append(gone, id) // one document's adapters follow each other
			}
			last = id
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		if err := p.o.Retry.do(ctx, func() error { return p.removeIfGone(ctx, id) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) removeIfGone(ctx context.Context, id perk.DocumentID) error {
	_, err := p.source.Document(ctx, id)
	switch code := perk.ErrorCode(err); {
	case code == perk.EUnavailable || ctx.Err() != nil:
		return err
	case code != perk.ENotFound:
		return nil // it is there, or nobody can tell: keep its adapters
	}
	n, err := p.module.Forget(ctx, id)
	if err != nil {
		return err
	}
	if n > 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ledger.state.Report.Removed++
		p.meter.status.Removed++
		p.report()
		p.log.Info().Stringer("doc", id).Msg("removed the adapters of a document that is gone")
	}
	return nil
}

// finish closes the books: after a complete pass the saved cursor is cleared, so that the next one starts from the beginning; otherwise it is
// saved, also when ctx has ended.
func (p *pass) finish(ctx context.Context, err error) (Report, error) {
	if err == nil {
		err = p.o.Retry.do(ctx, func() error { return store(ctx, p.module, p.o.Collection, saved{}) })
	} else {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := store(ctx, p.module, p.o.Collection, p.ledger.state); err != nil {
			p.log.Warn().Err(err).Msg("could not save the cursor; the next pass looks at some documents again")
		}
	}
	r := p.ledger.state.Report
	r.Complete, r.Resumed, r.Took = err == nil, p.resumed, time.Since(p.meter.start)
	return r, err
}
