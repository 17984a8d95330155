package indexer

import (
	"context"
	"encoding/json"
	"time"

	"github.com/perkdb/perk"
)

const (
	maxFailures = 200         // failures that a report and its saved form name
	maxReason   = 400         // bytes of a failure's reason
	maxSaved    = 64 << 10    // bytes of the saved form: what Module.SetMeta takes
	saveEvery   = time.Second // a crash repeats at most the skips of this long
)

// saved is what the module keeps between passes, as JSON under "index/COLLECTION". An empty cursor means that no pass is under way.
type saved struct {
	Cursor string `json:"cursor"`
	Report Report `json:"report"`
}

func metaKey(collection string) string { return "index/" + collection }

// load reads the state of an interrupted pass; the zero state when there is none. A state that cannot be read is one that an other
// version wrote: starting over costs a scan, and no encoding.
func load(ctx context.Context, m Module, collection string) (saved, error) {
	var s saved
	text, err := m.Meta(ctx, metaKey(collection))
	if err != nil && perk.ErrorCode(err) != perk.ENotFound {
		return s, err
	}
	if json.Unmarshal(text, &s) != nil || s.Cursor == "" {
		return saved{}, nil
	}
	return s, nil
}

// store saves the state. Failures for which there is no room stay counted and are no longer named.
func store(ctx context.Context, m Module, collection string, s saved) error {
	for {
		text, err := json.Marshal(s)
		if err != nil {
			return perk.E(perk.EInternal, "indexer.store", err)
		}
		if len(text) <= maxSaved || len(s.Report.Failed) == 0 {
			return m.SetMeta(ctx, metaKey(collection), text)
		}
		s.Report.Failed = s.Report.Failed[:len(s.Report.Failed)/2]
	}
}

// outcome is what became of one scanned document.
type outcome struct {
	encoded, skipped bool
	gone, removed    bool // the document is not there any more; it had adapters, which were removed
	tokens           int
	seconds          float64 // spent on encoding
	failure          *Failure
}

func (r *Report) add(o outcome) {
	r.Tokens += o.tokens
	switch {
	case o.encoded:
		r.Encoded++
	case o.skipped:
		r.Skipped++
	case o.removed:
		r.Removed++
	case o.failure != nil:
		r.FailedCount++
		if len(r.Failed) < maxFailures {
			r.Failed = append(r.Failed, *o.failure)
		}
	}
}

// ledger orders the outcomes of concurrent workers: it moves the saved state over the longest prefix of the scan that is dealt with, so that a
// cursor never passes a document that is still being encoded. Callers hold the pass's lock.
type ledger struct {
	state   saved
	next    int // sequence number of the first document that is not dealt with
	waiting map[int]settled
}

type settled struct {
	cursor string
	outcome
}

// settle records the outcome of document seq (0-based position in this pass's scan) and reports whether the cursor moved.
func (l *ledger) settle(seq int, s settled) bool {
	l.waiting[seq] = s
	moved := false
	for {
		s, ok := l.waiting[l.next]
		if !ok {
			return moved
		}
		delete(l.waiting, l.next)
		l.next++
		l.state.Cursor = s.cursor
		l.state.Report.add(s.outcome)
		moved = true
	}
}
