package study

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/plot"
)

// What a cell measures.
const (
	Accuracy   = "accuracy"   // the share of right answers
	Cost       = "cost"       // seconds and bytes of all ways of answering, side by side
	Confidence = "confidence" // how well the confidence of an answer tells right from wrong, questions without an answer included
)

// Memory is the way of answering from the document's adapter alone. Other ways have the names of their readers.
const Memory = "memory"

// Bins is the number of equal parts of a document in the study of positions.
const Bins = 10

// PerDocument is how many questions are asked about one document at most.
const PerDocument = 5

// Cell is one figure to measure, with everything that it depends on but models and corpus.
type Cell struct {
	Measure string `json:"measure"`
	Task    string `json:"task,omitempty"` // none for a Confidence: all tasks whose questions have a key
	Tokens  int    `json:"tokens"`         // length of the document; of a Confidence the longest
	N       int    `json:"n"`              // questions; of a Cost repetitions, of a Confidence documents of each task
	Seed    uint64 `json:"seed"`
	Way     string `json:"way,omitempty"`     // Memory or the name of a reader; of an Accuracy
	Variant string `json:"variant,omitempty"` // model trained for an ablation; none: the model under test
	Bits    int    `json:"bits,omitempty"`    // of a stored adapter's elements, in place of the recipe's
	Bin     int    `json:"bin,omitempty"`     // 1 to Bins: the part of the document in which the facts of the questions stand; 0: anywhere
	Similar int    `json:"similar,omitempty"` // percent of the records whose key differs from another's in one character
}

// String names the cell for people.
func (c Cell) String() string {
	if c.Measure == Confidence {
		return "confidence, up to " + plot.Binary(c.Tokens)
	}
	s := fmt.Sprintf("%s %s", c.Task, plot.Binary(c.Tokens))
	for _, part := range []string{c.Way, c.Variant} {
		if part != "" && part != Memory {
			s += " " + part
		}
	}
	if c.Bits > 0 {
		s += fmt.Sprintf(" %d bits", c.Bits)
	}
	if c.Bin > 0 {
		s += fmt.Sprintf(" part %d of %d", c.Bin, Bins)
	}
	if c.Similar > 0 {
		s += fmt.Sprintf(" %d%% similar keys", c.Similar)
	}
	if c.Measure == Cost {
		s += " cost"
	}
	return s
}

// work estimates how long the cell takes, in tokens read. It only has to rank cells for the estimate of the time left.
func (c Cell) work() float64 {
	n, t := float64(c.N), float64(c.Tokens)
	switch {
	case c.Measure == Cost:
		return n * t * (2 + t/2048) // the prompt's attention grows with the square
	case c.Measure == Confidence:
		return n * t * 3 // some tasks, mean lengths
	case c.Bin > 0:
		return n * (t + 64) // about one question a document
	}
	return n * (t/3 + 64)
}

// key is the name under which the cell's result is kept: the hash of the cell and of what it is measured with. more names what the identities of model and
// recipe leave out.
func (c Cell) key(model perk.ModelID, recipe perk.RecipeID, more, filler string) string {
	b, err := json.Marshal(struct {
		Cell
		Model  perk.ModelID  `json:"model"`
		Recipe perk.RecipeID `json:"recipe"`
		More   string        `json:"more"`
		Filler string        `json:"filler"`
	}{c, model, recipe, more, filler})
	if err != nil { // strings, numbers and hashes only
		panic(err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// Result is a measured cell.
type Result struct {
	Key     string        `json:"key"`
	Cell    Cell          `json:"cell"`
	Model   perk.ModelID  `json:"model"`
	Recipe  perk.RecipeID `json:"recipe"`
	Filler  string        `json:"filler"`
	Scores  *Scores       `json:"scores,omitempty"` // of an Accuracy
	Costs   *Costs        `json:"costs,omitempty"`  // of a Cost
	Trust   *Trust        `json:"trust,omitempty"`  // of a Confidence
	Seconds float64       `json:"seconds"`          // that the measurement took
}

// Tally counts right answers.
type Tally struct {
	N     int `json:"n"`
	Right int `json:"right"`
}

// Share is the part of right answers in [0,1], 0 without questions.
func (t Tally) Share() float64 {
	if t.N == 0 {
		return 0
	}
	return float64(t.Right) / float64(t.N)
}

// Wilson gives the 95% interval of the share: [0,1] without questions.
func (t Tally) Wilson() (low, high float64) {
	if t.N == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	n, p := float64(t.N), t.Share()
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))
}

// Scores are what an Accuracy cell counts. An answer is right when it is an exact match.
type Scores struct {
	Tally
	F1        float64          `json:"f1"` // mean, of words
	Documents int              `json:"documents"`
	None      *Tally           `json:"none,omitempty"`  // the same questions without an adapter
	Wrong     *Tally           `json:"wrong,omitempty"` // with another document's adapter
	Chance    float64          `json:"chance"`          // of always giving the most frequent answer of a form
	Forms     map[string]Tally `json:"forms,omitempty"` // by kind of question, where there are few

	SecondsEncode float64 `json:"seconds_encode"`          // median of a document to write or index it, of one thread beside others
	SecondsAsk    float64 `json:"seconds_ask"`             // median of a question, reading what stands before it included
	AdapterBytes  int64   `json:"adapter_bytes,omitempty"` // median; of the Memory
}

// tally gives the counts of a share.
func tally(share float64, n int) *Tally {
	return &Tally{N: n, Right: int(math.Round(share * float64(n)))}
}
