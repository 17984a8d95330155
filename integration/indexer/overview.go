package indexer

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/perkdb/perk"
)

// Overview is what is known of a whole collection. Pending, Encoding, Ready, Stale and Failed add up to Documents where nothing changes meanwhile.
type Overview struct {
	Collection string    `json:"collection"`
	Documents  int       `json:"documents"` // of the source when it was last counted; -1: not known
	Pending    int       `json:"pending"`
	Encoding   int       `json:"encoding"`
	Ready      int       `json:"ready"`
	Stale      int       `json:"stale"` // named by a hint since their adapters were written, and not looked at again
	Failed     int       `json:"failed"`
	Paused     bool      `json:"paused"`
	Waiting    int       `json:"waiting"` // hints that are not dealt with
	Encoded    int64     `json:"encoded"` // adapters written since the program began; Removed, Tokens, Seconds and Passes likewise
	Removed    int64     `json:"removed"`
	Tokens     int64     `json:"tokens"`
	Seconds    float64   `json:"seconds"` // spent on encoding
	Passes     int64     `json:"passes"`  // whole passes that came to their end
	Last       Report    `json:"last"`    // the last pass
	LastEnd    time.Time `json:"last_end,omitzero"`
	Trouble    string    `json:"trouble,omitempty"` // why the last pass or hint did not come to its end; "" when it did
	At         time.Time `json:"at"`
}

// pending counts what is in no other state.
func (o *Overview) pending() {
	if o.Documents >= 0 {
		o.Pending = max(o.Documents-o.Ready-o.Stale-o.Failed-o.Encoding, 0)
	}
}

// Overview counts. It asks nobody and answers at once; before Follow or Run it knows nothing.
func (x *Indexer) Overview() Overview {
	x.mu.Lock()
	defer x.mu.Unlock()
	o := x.books
	o.Collection, o.At = x.o.Collection, time.Now().UTC()
	o.Failed, o.Encoding, o.Paused = x.failures.count(), len(x.encoding), x.gate.closed()
	known := func(id perk.DocumentID) bool { _, ok := x.known[id]; return ok }
	o.Waiting, o.Stale = x.queue.count(known)
	o.Ready = len(x.known) - o.Stale
	for id := range x.encoding {
		if known(id) {
			o.Ready--
		}
	}
	o.pending()
	return o
}

// Survey counts anew, from the source and the stored adapters; live says that another program follows the collection, whose published Overview then tells
// what cannot be seen from here. Errors: EUnavailable (the plugin); a source that is away is told by Overview.Trouble.
func (x *Indexer) Survey(ctx context.Context, live bool) (Overview, error) {
	c, err := x.readControl(ctx)
	if err == nil {
		_, err = x.failures.load(ctx)
	}
	if err == nil {
		_, err = x.listKnown(ctx)
	}
	if err != nil {
		return Overview{}, err
	}
	x.gate.set(c.Paused)
	told, err := ReadOverview(ctx, x.module, x.o.Collection)
	if err != nil && perk.ErrorCode(err) != perk.ENotFound {
		return Overview{}, err
	}
	o := x.Overview()
	if live {
		counted := o
		o = told
		o.Failed, o.Paused, o.At = counted.Failed, counted.Paused, counted.At
		o.Ready = max(counted.Ready-o.Stale, 0)
	} else {
		o.Last, o.LastEnd = told.Last, told.LastEnd
	}
	if o.Documents, err = x.source.Count(ctx); err != nil {
		o.Documents, o.Trouble = -1, err.Error()
	}
	o.pending()
	return o, nil
}

func overviewKey(collection string) string { return "overview/" + collection }

// ReadOverview gives what the program that follows a collection last said about it; Overview.At tells when. Errors: ENotFound (nobody followed it yet).
func ReadOverview(ctx context.Context, m Module, collection string) (Overview, error) {
	var o Overview
	text, err := m.Meta(ctx, overviewKey(collection))
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, perk.Errorf(perk.ENotFound, "indexer.ReadOverview", "another version's: %w", err)
	}
	return o, nil
}

// publish keeps the overview beside the adapters, where ReadOverview finds it, until ctx ends.
func (x *Indexer) publish(ctx context.Context) error {
	var last []byte
	for {
		o := x.Overview()
		o.Last.Failed = nil // Failures has them
		at := o.At
		o.At = time.Time{}
		text, err := json.Marshal(o)
		if err != nil {
			return perk.E(perk.EInternal, "indexer", err)
		}
		if !bytes.Equal(text, last) {
			o.At = at
			dated, err := json.Marshal(o)
			if err == nil && x.module.SetMeta(ctx, overviewKey(x.o.Collection), dated) == nil { // else the plugin is away: the passes say so
				last = text
			}
		}
		if err := pause(ctx, 5*poll); err != nil {
			return err
		}
	}
}
