package perk

import "time"

// DecodeOptions says how an answer is decoded. The zero value is greedy decoding with the reasoner's default length and the recipe's
// smallest confidence.
type DecodeOptions struct {
	MaxTokens   int      `json:"max_tokens,omitempty"`  // 0: the reasoner's default
	Temperature float64  `json:"temperature,omitempty"` // 0: greedy
	TopK        int      `json:"top_k,omitempty"`       // 0: all tokens
	TopP        float64  `json:"top_p,omitempty"`       // 0: 1
	Seed        uint64   `json:"seed,omitempty"`
	Stop        []string `json:"stop,omitempty"` // the answer ends before the first of these
	// MinConfidence, in [0,1], is the confidence below which an answer is marked as not in the document. nil: the recipe's, chosen when it was
	// calibrated (0 for a recipe that was not); 0: no answer is marked.
	MinConfidence *float64 `json:"min_confidence,omitempty"`
}

// Answer is what the base model decoded with the document's adapter loaded.
type Answer struct {
	Text        string  `json:"text"`              // kept for the record where NotInDocument is set; see Reply
	Support     []Fact  `json:"support,omitempty"` // the facts that the model recalled before it answered, in reading order
	Probability float64 `json:"probability"`       // product of the probabilities of the answer's tokens, in [0,1]
	// Confidence, in [0,1], is the calibrated probability that the answer is right, for a caller who asks about as many questions that the document
	// answers as others. With a recipe that was not calibrated it is Probability.
	Confidence    float64       `json:"confidence"`
	MinConfidence float64       `json:"min_confidence"`  // what was asked for or the recipe's; 0: none
	NotInDocument bool          `json:"not_in_document"` // Confidence is below MinConfidence
	Tokens        int           `json:"tokens"`          // decoded tokens, support included
	Stopped       string        `json:"stopped"`         // "end", "stop" or "length"
	Load          time.Duration `json:"load_ns"`         // adapter load
	Prefill       time.Duration `json:"prefill_ns"`
	Decode        time.Duration `json:"decode_ns"`
	Adapter       AdapterInfo   `json:"adapter"`
}

// NotInDocument is the reply to a question that the document does not answer.
const NotInDocument = "not in this document"

// Reply is what to show: the answer's text, or NotInDocument.
func (a *Answer) Reply() string {
	if a.NotInDocument {
		return NotInDocument
	}
	return a.Text
}

// Elision stands in a recalled fact for what was left out between two of its parts, "Id: 7 ... Grade: 85".
const Elision = " ... "

// Fact is a piece of the document that the model recalled. Where the document's text was at hand, State says whether the text holds it, up to white
// space, and the fields after State where.
type Fact struct {
	Text  string    `json:"text"` // as the model recalled it
	State FactState `json:"state"`
	Start int       `json:"start"`           // byte offset into the document's text of the first place that holds the fact
	End   int       `json:"end"`             // byte offset after it
	Count int       `json:"count"`           // places that hold it
	Quote string    `json:"quote,omitempty"` // the text's own wording, from Start to End
}

// FactState says whether a recalled fact stands in the document.
type FactState string

// States of a fact.
const (
	FactUnchecked FactState = ""          // nobody who holds the document has looked
	FactFound     FactState = "found"     // the document's text holds it
	FactNotFound  FactState = "not_found" // it does not: the model made it up, or recalled it wrongly
)
