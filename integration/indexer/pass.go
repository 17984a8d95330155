package indexer

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perkdb/perk"
)

// pass is one walk over the source. mu guards ledger and meter.
type pass struct {
	*Indexer
	o       Options
	resumed bool
	seen    map[perk.DocumentID]struct{} // scanned in this pass; only the scanning goroutine touches it

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
	err    error
}

func (x *Indexer) newPass(ctx context.Context, o Options) (*pass, error) {
	o.Workers, o.Retry = max(o.Workers, 1), o.Retry.withDefaults()
	p := &pass{Indexer: x, o: o, seen: map[perk.DocumentID]struct{}{}, ledger: ledger{waiting: map[int]settled{}}}
	p.meter.start = time.Now()
	err := o.Retry.do(ctx, func() (err error) {
		if o.Resume {
			if p.ledger.state, err = load(ctx, x.module, o.Collection); err != nil {
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
		next := item{seq: at.seq + 1, doc: s.Document, cursor: s.Cursor, err: err}
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
	p.begin(it.doc.ID)
	if it.err != nil { // the source could not read this one
		return p.settle(ctx, it, p.failed(it, it.err))
	}
	if err := checkText(it.doc.Text); err != nil {
		return p.settle(ctx, it, p.failed(it, err))
	}
	var out outcome
	err := p.o.Retry.do(ctx, func() (err error) {
		out, err = p.encode(ctx, it.doc)
		return err
	})
	switch {
	case endsPass(ctx, err):
		return err
	case err != nil:
		out = p.failed(it, err)
	}
	return p.settle(ctx, it, out)
}

// failed is the outcome of a document that cannot be encoded.
func (p *pass) failed(it item, err error) outcome {
	code := perk.ErrorCode(err)
	p.log.Warn().Err(err).Stringer("doc", it.doc.ID).Str("code", string(code)).Msg("passed over a document that cannot be encoded")
	reason := err.Error()
	return outcome{failure: &Failure{Document: it.doc.ID, Code: code, Reason: strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")}}
}

// encode writes the document unless its adapter is up to date. A damaged adapter is written anew.
func (p *pass) encode(ctx context.Context, d perk.Document) (outcome, error) {
	info, err := p.module.Describe(ctx, d.ID)
	switch code := perk.ErrorCode(err); {
	case err == nil && info.Content == perk.ContentHash(d.Text):
		return outcome{skipped: true}, nil
	case err != nil && code != perk.ENotFound && code != perk.ECorrupt:
		return outcome{}, err
	}
	if info, err = p.module.Encode(ctx, d, p.progress); err != nil {
		return outcome{}, err
	}
	return outcome{encoded: true, tokens: info.Tokens}, nil
}

// endsPass tells the failures of the surroundings from those of one document.
func endsPass(ctx context.Context, err error) bool {
	switch perk.ErrorCode(err) {
	case perk.ENoSpace, perk.EDenied, perk.EUnavailable, perk.EConflict, perk.ECanceled:
		return true
	}
	return ctx.Err() != nil
}

// checkText refuses what no encoder can take before it travels to the plugin.
func checkText(text string) error {
	if strings.TrimSpace(text) == "" {
		return perk.Errorf(perk.EInvalid, "indexer", "the document is empty").WithHint("give it a text or delete it")
	}
	if at := perk.InvalidUTF8(text); at >= 0 {
		return perk.Errorf(perk.EInvalid, "indexer", "the text is not UTF-8 at byte %d", at).WithHint("convert it to UTF-8, for instance with iconv")
	}
	return nil
}
