package indexer

import (
	"context"
	"iter"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// Module is what the indexer needs of the plugin.
type Module interface {
	// Encode writes a document into an adapter and stores it.
	Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error)
	// Describe gives the document's adapter for the present model and recipe. Errors: ENotFound.
	Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error)
	// Forget removes all adapters of a document and says how many there were.
	Forget(ctx context.Context, id perk.DocumentID) (int, error)
	// List walks the adapters of a collection.
	List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error]
	// Meta reads what SetMeta stored. Errors: ENotFound.
	Meta(ctx context.Context, key string) ([]byte, error)
	// SetMeta stores a value of at most 64 KiB durably.
	SetMeta(ctx context.Context, key string, value []byte) error
}

// Options steers a pass.
type Options struct {
	Collection string       // the collection whose adapters the source's documents become
	Resume     bool         // go on from where an interrupted pass stopped, if one did
	Workers    int          // documents encoded at the same time; 0: 1
	Progress   func(Status) // called from one goroutine at a time, often; may be nil
	Retry      Retry        // for what is away
}

// Retry says how long to go on trying something that is away. The zero value is 8 attempts with pauses from 0.25 s to 10 s, half a minute in all.
type Retry struct {
	Attempts int           // tries without any headway before the pass ends; 0: 8
	First    time.Duration // pause after the first; it doubles each time; 0: 250 ms
	Max      time.Duration // longest pause; 0: 10 s
}

// Failure is a document that could not be indexed, and why.
type Failure struct {
	Document perk.DocumentID `json:"document"`
	Code     perk.Code       `json:"code"`
	Reason   string          `json:"reason"`
}

// Report says what a pass did. Counts include those of the interrupted pass that it resumed.
type Report struct {
	Encoded  int           `json:"encoded"`
	Skipped  int           `json:"skipped"`  // unchanged
	Removed  int           `json:"removed"`  // documents whose adapters were removed
	Tokens   int           `json:"tokens"`   // of the encoded documents
	Complete bool          `json:"complete"` // the scan came to its end and the removals are done
	Resumed  bool          `json:"resumed"`
	Took     time.Duration `json:"took_ns"`

	FailedCount int       `json:"failed_count"`
	Failed      []Failure `json:"failed,omitempty"` // the first of them: at most 200, fewer of an interrupted pass
}

// Indexer indexes one source into one module.
type Indexer struct {
	source perk.Source
	module Module
	log    zerolog.Logger
}

// New makes an indexer; it starts nothing.
func New(source perk.Source, module Module, log zerolog.Logger) *Indexer {
	return &Indexer{source: source, module: module, log: log.With().Str("room", "indexer").Logger()}
}

// Run makes one pass. The report is valid, as far as it goes, beside an error too; the next Run with Resume goes on from there. A resumed
// pass that reaches the end is followed by a whole one, because documents may have been written behind its cursor in the meantime; that costs reading, and
// encodes only those. Errors: EInvalid (options), EUnavailable (source or plugin stayed away), ENoSpace, EDenied, ECanceled, and the source's own.
func (x *Indexer) Run(ctx context.Context, o Options) (Report, error) {
	if o.Collection == "" {
		return Report{}, perk.Errorf(perk.EInvalid, "indexer.Run", "no collection named").WithHint("set Options.Collection")
	}
	report, err := x.run(ctx, o)
	if err != nil || !report.Resumed {
		return report, err
	}
	again, err := x.run(ctx, o)
	return report.followed(again), err
}

// run makes one pass.
func (x *Indexer) run(ctx context.Context, o Options) (Report, error) {
	p, err := x.newPass(ctx, o)
	if err != nil {
		return Report{}, err
	}
	err = p.scanAndEncode(ctx)
	if err == nil {
		err = p.removeGone(ctx)
	}
	report, err := p.finish(ctx, err)
	event := x.log.Info()
	if err != nil {
		event = x.log.Warn().Err(err)
	}
	event.Str("collection", o.Collection).Int("encoded", report.Encoded).Int("skipped", report.Skipped).Int("removed", report.Removed).
		Int("failed", report.FailedCount).Bool("complete", report.Complete).Dur("took", report.Took).Msg("indexed collection")
	return report, err
}

// followed is the report of a resumed pass and the whole pass after it as one: what either wrote and removed, and the failures that remain.
func (r Report) followed(by Report) Report {
	by.Skipped = max(0, by.Skipped-r.Encoded) // written by the first, met unchanged by the second
	by.Encoded += r.Encoded
	by.Removed += r.Removed
	by.Tokens += r.Tokens
	by.Took += r.Took
	by.Resumed = true
	return by
}

// Watch runs a pass now and again every interval after the last one ended, until ctx ends. done, when not nil, gets every pass's result.
// A pass that fails does not end the watch; the next one resumes it.
func (x *Indexer) Watch(ctx context.Context, o Options, every time.Duration, done func(Report, error)) error {
	o.Resume = true
	for {
		report, err := x.Run(ctx, o)
		if done != nil {
			done(report, err)
		}
		if err := pause(ctx, every); err != nil {
			return err
		}
	}
}

// pause waits, or returns ECanceled when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return perk.E(perk.ECanceled, "indexer", ctx.Err())
	}
}
