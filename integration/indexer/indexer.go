package indexer

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// Module is what the indexer needs of the plugin.
type Module interface {
	// Info tells the model and recipe whose adapters count.
	Info(ctx context.Context) (plugin.Info, error)
	// Encode writes a document into an adapter and stores it.
	Encode(ctx context.Context, d perk.Document, progress func(perk.Progress)) (perk.AdapterInfo, error)
	// Describe gives the document's adapter for the present model and recipe. Errors: ENotFound.
	Describe(ctx context.Context, id perk.DocumentID) (perk.AdapterInfo, error)
	// Forget removes all adapters of a document and says how many there were.
	Forget(ctx context.Context, id perk.DocumentID) (int, error)
	// List walks the adapters of a collection.
	List(ctx context.Context, collection string) iter.Seq2[perk.AdapterInfo, error]
	// GC erases the bytes of removed and replaced adapters and says how many these were.
	GC(ctx context.Context) (int64, error)
	// Meta reads what SetMeta stored. Errors: ENotFound.
	Meta(ctx context.Context, key string) ([]byte, error)
	// SetMeta stores a value of at most 64 KiB durably; an empty one removes the key.
	SetMeta(ctx context.Context, key string, value []byte) error
}

// Options says what is indexed and how.
type Options struct {
	Collection string        // the collection whose adapters the source's documents become
	Resume     bool          // Run goes on from where an interrupted pass stopped, if one did
	Workers    int           // documents of a pass looked at and encoded at the same time; 0: 1
	Progress   func(Status)  // of passes; called from one goroutine at a time, often; may be nil
	Retry      Retry         // for what is away
	Limits     Limits        // of encoding
	Interval   time.Duration // Follow: time between two looks for changes; 0: one minute
	Whole      time.Duration // Follow: time between two whole passes over a source that can list its changes; 0: one hour
	Look       time.Duration // Fleet: time between two looks at the catalogue; 0: 10 s, or Interval if that is shorter
}

// Retry says how long to go on trying something that is away. The zero value is 8 attempts with pauses from 0.25 s to 10 s, half a minute in all.
type Retry struct {
	Attempts int           // tries without any headway before the pass ends; 0: 8
	First    time.Duration // pause after the first; it doubles each time; 0: 250 ms
	Max      time.Duration // longest pause; 0: 10 s
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

// Indexer keeps the adapters of one collection in step with its source. It may be used by several goroutines.
type Indexer struct {
	source   perk.Source
	module   Module
	o        Options
	log      zerolog.Logger
	queue    *queue
	gate     gate
	limit    limiter
	failures failures
	look     chan time.Duration // asks for a look at changes

	// only the goroutine of the passes touches these
	told     map[perk.DocumentID]time.Time // changes of the last look
	walked   map[string]census             // the last of each tenant whose ids were walked
	nextWalk time.Time                     // no walk begins before

	mu       sync.Mutex
	known    map[perk.DocumentID]struct{} // documents that have an adapter, as far as this program knows
	encoding map[perk.DocumentID]struct{}
	books    Overview // what only counts up; Overview completes it
	garbage  bool     // adapters were removed or replaced since the last GC
}

// New makes an indexer; it starts nothing. Errors: EInvalid (no collection, limits that make no sense).
func New(source perk.Source, module Module, o Options, log zerolog.Logger) (*Indexer, error) {
	if o.Collection == "" {
		return nil, perk.Errorf(perk.EInvalid, "indexer.New", "no collection named").WithHint("set Options.Collection")
	}
	if err := o.Limits.check(); err != nil {
		return nil, err
	}
	o.Workers, o.Retry = max(o.Workers, 1), o.Retry.withDefaults()
	return &Indexer{
		source: source, module: module, o: o, log: log.With().Str("room", "indexer").Str("collection", o.Collection).Logger(),
		queue: newQueue(), look: make(chan time.Duration, 1), limit: limiter{Limits: o.Limits}, failures: failures{module: module, collection: o.Collection},
		walked: map[string]census{}, known: map[perk.DocumentID]struct{}{}, encoding: map[perk.DocumentID]struct{}{}, books: Overview{Documents: -1},
	}, nil
}

// Run makes one pass. The report is valid, as far as it goes, beside an error too; the next Run with Options.Resume goes on from there. A resumed
// pass that reaches the end is followed by a whole one, because documents may have been written behind its cursor in the meantime; that costs reading, and
// encodes only those. Errors: EUnavailable (source or plugin stayed away), ENoSpace, EDenied, ECanceled, and the source's own.
func (x *Indexer) Run(ctx context.Context) (Report, error) {
	err := x.o.Retry.do(ctx, func() error {
		_, err := x.failures.load(ctx)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	return x.whole(ctx, x.o.Resume)
}

// whole makes one pass, and after one that was resumed another.
func (x *Indexer) whole(ctx context.Context, resume bool) (Report, error) {
	report, err := x.run(ctx, resume)
	if err != nil || !report.Resumed {
		return report, err
	}
	again, err := x.run(ctx, false)
	return report.followed(again), err
}

// run makes one pass.
func (x *Indexer) run(ctx context.Context, resume bool) (Report, error) {
	p, err := x.newPass(ctx, resume)
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
	event.Int("encoded", report.Encoded).Int("skipped", report.Skipped).Int("removed", report.Removed).
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
