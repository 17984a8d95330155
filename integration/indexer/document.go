package indexer

import (
	"context"
	"strings"
	"time"

	"github.com/perkdb/perk"
)

// fresh is how long a text that was read is taken for the present one. Reading it again costs little beside an encode.
const fresh = 5 * time.Second

// attempt brings one document's adapter in step, trying again what is away. The error it returns is one of the surroundings, not of the document.
func (x *Indexer) attempt(ctx context.Context, d perk.Document, read time.Time, progress func(perk.Progress)) (outcome, error) {
	var out outcome
	err := x.o.Retry.do(ctx, func() (err error) {
		out, err = x.bring(ctx, d, read, progress)
		return err
	})
	switch {
	case endsPass(ctx, err):
		return out, err
	case err != nil:
		out = x.failed(d.ID, err)
	}
	return out, nil
}

// bring brings one document's adapter in step with its present text. read is when d's text was read; zero: it was not. The caller has claimed the document.
func (x *Indexer) bring(ctx context.Context, d perk.Document, read time.Time, progress func(perk.Progress)) (outcome, error) {
	id := d.ID
	for admitted := false; ; {
		if read.IsZero() {
			var err error
			read = time.Now()
			switch d, err = x.source.Document(ctx, id); perk.ErrorCode(err) {
			case "":
			case perk.ENotFound:
				return x.forget(ctx, id)
			case perk.EConflict: // its tenant sleeps: what it has is kept
				return outcome{}, nil
			default:
				return outcome{}, err
			}
		}
		if err := checkText(d.Text); err != nil {
			return outcome{}, err
		}
		info, err := x.module.Describe(ctx, id)
		switch code := perk.ErrorCode(err); {
		case err == nil && info.Content == perk.ContentHash(d.Text):
			return outcome{skipped: true}, nil
		case err != nil && code != perk.ENotFound && code != perk.ECorrupt: // a damaged adapter is written anew
			return outcome{}, err
		}
		if !admitted {
			if err := x.admit(ctx); err != nil {
				return outcome{}, err
			}
			admitted = true
			if time.Since(read) > fresh || !info.Created.Before(read) { // somebody else may have written a newer text's adapter
				read = time.Time{}
				continue
			}
		}
		return x.encode(ctx, d, progress)
	}
}

// admit waits until an encode may begin.
func (x *Indexer) admit(ctx context.Context) error {
	if err := x.limit.wait(ctx); err != nil {
		return err
	}
	return x.gate.wait(ctx)
}

// encode writes a document's adapter.
func (x *Indexer) encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (outcome, error) {
	x.mu.Lock()
	x.encoding[d.ID] = struct{}{}
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		delete(x.encoding, d.ID)
	}()
	begun := time.Now()
	info, err := x.module.Encode(ctx, d, progress)
	took := time.Since(begun)
	x.limit.spent(took)
	return outcome{encoded: err == nil, tokens: info.Tokens, seconds: took.Seconds()}, err
}

// encodes reports whether a document's adapter is being written.
func (x *Indexer) encodes(id perk.DocumentID) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, ok := x.encoding[id]
	return ok
}

// forget removes the adapters of a document that is gone.
func (x *Indexer) forget(ctx context.Context, id perk.DocumentID) (outcome, error) {
	n, err := x.module.Forget(ctx, id)
	if err != nil {
		return outcome{}, err
	}
	if n > 0 {
		x.log.Info().Stringer("doc", id).Msg("removed the adapters of a document that is gone")
	}
	return outcome{gone: true, removed: n > 0}, nil
}

// failed is the outcome of a document that cannot be encoded.
func (x *Indexer) failed(id perk.DocumentID, err error) outcome {
	code := perk.ErrorCode(err)
	x.log.Warn().Err(err).Stringer("doc", id).Str("code", string(code)).Msg("passed over a document that cannot be encoded")
	reason := err.Error()
	return outcome{failure: &Failure{Document: id, Code: code, Reason: strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")}}
}

// note enters an outcome into the books. The failures' list is the only part that can fail.
func (x *Indexer) note(ctx context.Context, id perk.DocumentID, out outcome) error {
	x.mu.Lock()
	_, had := x.known[id]
	switch {
	case out.encoded || out.skipped:
		x.known[id] = struct{}{}
	case out.gone:
		delete(x.known, id)
	}
	x.garbage = x.garbage || out.removed || out.encoded && had
	x.books.Tokens += int64(out.tokens)
	x.books.Seconds += out.seconds
	if out.encoded {
		x.books.Encoded++
	}
	if out.removed {
		x.books.Removed++
	}
	x.mu.Unlock()
	if id.Validate() != nil {
		return nil // a name that nothing is kept under; the report has it
	}
	return x.o.Retry.do(ctx, func() error { return x.failures.note(ctx, id, out.failure) })
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
