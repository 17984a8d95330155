package indexer

import (
	"context"

	"github.com/perkdb/perk"
)

// State says how far a document's adapter is.
type State string

// States of a document that its source holds.
const (
	Pending  State = "pending"  // it has no adapter yet
	Encoding State = "encoding" // its adapter is being written
	Ready    State = "ready"    // its adapter was written from its present text
	Stale    State = "stale"    // its adapter was written from an older text
	Failed   State = "failed"   // it could not be written; see the Failure
)

// Standing is one document's state and what is known about it.
type Standing struct {
	Document perk.DocumentID   `json:"document"`
	State    State             `json:"state"`
	Adapter  *perk.AdapterInfo `json:"adapter,omitempty"` // of Ready and Stale
	Failure  *Failure          `json:"failure,omitempty"` // of Failed
}

// Standing looks one document up: its present text, its adapter and its failure. Nothing of it is remembered, so that it is as true as source and store
// are. Errors: ENotFound (no such document), EConflict (its tenant is not active), EUnavailable, and the source's own.
func (x *Indexer) Standing(ctx context.Context, id perk.DocumentID) (Standing, error) {
	s := Standing{Document: id, State: Pending}
	d, err := x.source.Document(ctx, id)
	if err != nil {
		return s, err
	}
	info, err := x.module.Describe(ctx, id)
	switch code := perk.ErrorCode(err); {
	case err == nil && info.Content == perk.ContentHash(d.Text):
		s.State, s.Adapter = Ready, &info
		return s, nil
	case err == nil:
		s.State, s.Adapter = Stale, &info
	case code != perk.ENotFound && code != perk.ECorrupt: // a damaged adapter is written anew, as one that is missing
		return s, err
	}
	if x.encodes(id) {
		s.State, s.Adapter = Encoding, nil
		return s, nil
	}
	failure, err := x.failures.find(ctx, id)
	if err == nil && failure != nil {
		s.State, s.Failure, s.Adapter = Failed, failure, nil
	}
	return s, err
}
