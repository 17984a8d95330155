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

// settle records an outcome and now and then saves the cursor.
func (p *pass) settle(ctx context.Context, it item, out outcome) error {
	if err := p.note(ctx, it.doc.ID, out); err != nil {
		return err
	}
	if !p.record(it, out) {
		return nil
	}
	return p.save(ctx)
}

// record adds an outcome to the books and reports whether the cursor moved and it is time to save it.
func (p *pass) record(it item, out outcome) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.add(out)
	p.report()
	if !p.ledger.settle(it.seq, settled{cursor: it.cursor, outcome: out}) || time.Since(p.stored) < saveEvery {
		return false
	}
	p.stored = time.Now()
	return true
}

// save saves the present cursor. It has a lock of its own, which keeps the saved cursors in order: the module may be away for a while, or be
// waiting for another worker's progress to be taken, and mu must be free for that.
func (p *pass) save(ctx context.Context) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	p.mu.Lock()
	state := p.ledger.state
	p.mu.Unlock()
	return p.o.Retry.do(ctx, func() error { return store(ctx, p.module, p.o.Collection, state) })
}

// removeGone removes the adapters of documents that the finished scan did not meet and that the source, asked once more, does not find. The
// second question covers documents that were scanned before an interruption or written behind the cursor.
func (p *pass) removeGone(ctx context.Context) error {
	var known map[perk.DocumentID]struct{}
	err := p.o.Retry.do(ctx, func() (err error) {
		known, err = p.listKnown(ctx)
		return err
	})
	if err != nil {
		return err
	}
	failed, err := p.failures.load(ctx)
	if err != nil {
		return err
	}
	for _, f := range failed {
		known[f.Document] = struct{}{} // a failure of a document that is gone goes with it
	}
	for id := range known {
		if _, ok := p.seen[id]; ok {
			continue
		}
		if err := p.removeIfGone(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) removeIfGone(ctx context.Context, id perk.DocumentID) error {
	hinted, err := p.queue.claim(ctx, id)
	if err != nil {
		return err
	}
	defer p.queue.release(id)
	if hinted {
		p.queue.add(id) // this looks only whether it is gone
	}
	var out outcome
	err = p.o.Retry.do(ctx, func() error {
		_, err := p.source.Document(ctx, id)
		switch code := perk.ErrorCode(err); {
		case code == perk.EUnavailable || ctx.Err() != nil:
			return err
		case code != perk.ENotFound:
			return nil // it is there, or nobody can tell: keep its adapters
		}
		out, err = p.forget(ctx, id)
		return err
	})
	if err == nil && out.gone {
		err = p.note(ctx, id, out)
	}
	if err != nil || !out.removed {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ledger.state.Report.Removed++
	p.meter.status.Removed++
	p.report()
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
	p.ended(r, err)
	return r, err
}
