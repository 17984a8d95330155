package weaviatemodule

import (
	"github.com/perkdb/perk"
)

// State says what an object's adapter is worth at the moment.
type State string

// States of an object's adapter.
const (
	Ready      State = "ready"      // it was written from the present text
	Pending    State = "pending"    // there is none yet
	Encoding   State = "encoding"   // it is being written
	Stale      State = "stale"      // it was written from another text
	Failed     State = "failed"     // it could not be written, or not be asked
	Unanswered State = "unanswered" // it was not asked, or not in time
)

// reply is what a hit says about its adapter; the GraphQL and REST interfaces read it by the JSON names.
type reply struct {
	Answer     *string   `json:"answer"`
	Confidence *float64  `json:"confidence"`
	Support    []passage `json:"support"`
	Key        string    `json:"key"`
	State      State     `json:"state"`
	Reason     *string   `json:"reason"`
}

// passage is a fact that the model recalled, and where the text holds it.
type passage struct {
	Text  string `json:"text"`
	Start *int   `json:"start"`
	End   *int   `json:"end"`
}

// none is a reply without an answer.
func none(id perk.DocumentID, state State, reason string) *reply {
	return &reply{Key: id.String(), State: state, Reason: &reason}
}

// answered is the reply of an adapter that was asked; its facts have been located.
func answered(id perk.DocumentID, a *perk.Answer) *reply {
	r := &reply{Key: id.String(), State: Ready, Confidence: &a.Confidence}
	if a.NotInDocument {
		reason := perk.NotInDocument
		r.Reason = &reason
	} else {
		r.Answer = &a.Text
	}
	for _, f := range a.Support {
		p := passage{Text: f.Text}
		if f.State == perk.FactFound {
			p.Start, p.End = &f.Start, &f.End
		}
		r.Support = append(r.Support, p)
	}
	return r
}

// refused is the reply of an adapter that gave an error.
func refused(id perk.DocumentID, err error) *reply {
	state := Failed
	switch perk.ErrorCode(err) {
	case perk.ENotFound:
		state = Pending
	case perk.EStale:
		state = Stale
	case perk.EUnavailable, perk.ECanceled:
		state = Unanswered
	}
	return none(id, state, err.Error())
}

// outcome is what the metrics count a reply as.
func (r *reply) outcome() string {
	if r.State == Ready {
		return "ok"
	}
	return string(r.State)
}
