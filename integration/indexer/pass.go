package indexer

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
)

// pass is one walk over the source. mu guards ledger, meter and stored, and is not held over calls of the module; saving is taken before it.
type pass struct {
	*Indexer
	resumed bool
	seen    map[perk.DocumentID]struct{} // scanned in this pass; only the scanning goroutine touches it

	saving sync.Mutex // held while the state is being saved
	mu     sync.Mutex
	ledger ledger
	meter  meter
	stored time.Time // when the state was last saved
}

// item is a scanned document on its way to a worker. err is the source's failure to read it.
type item struct {
	seq    int
	doc    perk.Document
	cursor string
	read   time.Time // when the source gave it
	err    error
}

func (x *Indexer) newPass(ctx context.Context, resume bool) (*pass, error) {
	p := &pass{Indexer: x, seen: map[perk.DocumentID]struct{}{}, ledger: ledger{waiting: map[int]settled{}}}
	p.meter.start = time.Now()
	err := x.o.Retry.do(ctx, func() (err error) {
		if resume {
			if p.ledger.state, err = load(ctx, x.module, x.o.Collection); err != nil {
				return err
			}
		}
		p.meter.status.Total, err = x.source.Count(ctx)
		return err
	})
	r := &p.ledger.state.Report
	p.resumed = p.ledger.state.Cursor != ""
	s := &p.meter.status
	s.Encoded, s.Skipped, s.Failed = r.Encoded, r.Skipped, r.FailedCount
	s.Done = s.Encoded + s.Skipped + s.Failed
	p.meter.done0 = s.Done
	if err == nil {
		x.counted(s.Total)
	}
	return p, err
}

// scanAndEncode walks the source from the ledger's cursor to its end.
func (p *pass) scanAndEncode(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	items := make(chan item) // unbuffered: at most one page of documents and one text per worker are in memory
	group.Go(func() error {
		defer close(items)
		return p.scan(ctx, items)
	})
	for range p.o.Workers {
		group.Go(func() error {
			for it := range items {
				if err := p.work(ctx, it); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// scan sends every document after the saved cursor; when the source goes away it starts again after the last document that it sent.
func (p *pass) scan(ctx context.Context, items chan<- item) error {
	at := item{seq: -1, cursor: p.ledger.state.Cursor}
	for ended := false; !ended; {
		from := at.seq
		err := p.o.Retry.do(ctx, func() error {
			err := p.scanFrom(ctx, &at, items)
			if away(ctx, err) && at.seq > from {
				return nil // headway was made: the attempts count afresh
			}
			ended = err == nil
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// scanFrom is one Scan; at is the last document sent.
func (p *pass) scanFrom(ctx context.Context, at *item, items chan<- item) error {
	for s, err := range p.source.Scan(ctx, at.cursor) {
		if err != nil && s.Cursor == "" {
			return err
		}
		next := item{seq: at.seq + 1, doc: s.Document, cursor: s.Cursor, read: time.Now(), err: err}
		select {
		case items <- next:
		case <-ctx.Done():
			return perk.E(perk.ECanceled, "indexer.scan", ctx.Err())
		}
		p.seen[s.Document.ID] = struct{}{}
		next.doc = perk.Document{} // the worker owns the text now
		*at = next
	}
	return nil
}

// work deals with one document. The error it returns ends the pass.
func (p *pass) work(ctx context.Context, it item) error {
	hinted, err := p.queue.claim(ctx, it.doc.ID)
	if err != nil {
		return err
	}
	defer p.queue.release(it.doc.ID)
	p.begin(it.doc.ID)
	if it.err != nil { // the source could not read this one
		return p.settle(ctx, it, p.failed(it.doc.ID, it.err))
	}
	if hinted {
		it.read = time.Time{} // it changed since it was scanned
	}
	out, err := p.attempt(ctx, it.doc, it.read, p.progress)
	if err != nil {
		return err
	}
	return p.settle(ctx, it, out)
}
