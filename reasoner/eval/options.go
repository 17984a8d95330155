package eval

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

// Options says what is measured.
type Options struct {
	Task        task.Task   // makes the documents
	Filler      task.Filler // text between the task's facts
	Tokens      int         // length of a task's document
	N           int         // questions asked; 0: all questions of Episodes
	PerDocument int         // most questions about one of the task's documents, drawn by the seed; 0: all
	Seed        uint64
	Episodes    []task.Episode // own documents, in place of a Task; all their questions until N
	Readers     []Reader       // baselines that answer the same questions, at most one of a kind

	Threads  int                                   // documents at the same time; below 1 counts as 1
	Progress func(done, total int, current string) // done of total documents and questions; called by one goroutine at a time; may be nil
}

func (o *Options) valid() error {
	const op = "eval.Run"
	switch {
	case (o.Task == nil) == (len(o.Episodes) == 0):
		return perk.Errorf(perk.EInvalid, op, "want a task or documents, one of the two").WithHint("the documents must have at least one question")
	case o.N < 0 || o.N == 0 && o.Task != nil:
		return perk.Errorf(perk.EInvalid, op, "%d questions are asked for", o.N).WithHint("ask for at least one")
	}
	seen := map[string]bool{}
	for _, x := range o.Readers {
		if err := x.Settings.Validate(); err != nil {
			return err
		}
		if seen[x.kind()] {
			return perk.Errorf(perk.EInvalid, op, "two readers answer by %s", x.kind()).WithHint("measure one of a kind at a time")
		}
		seen[x.kind()] = true
	}
	return nil
}

// Score is a mean over questions, in [0,1].
type Score struct {
	EM float64 `json:"em"` // exact match
	F1 float64 `json:"f1"` // of words
}

// Form is the memory's score over the questions of one kind.
type Form struct {
	N int `json:"n"`
	Score
}

// Result is what Run measured.
type Result struct {
	Task         string          `json:"task"`
	Tokens       int             `json:"tokens"` // length asked for; of own documents the mean length
	N            int             `json:"n"`
	Documents    int             `json:"documents"`
	Seed         uint64          `json:"seed"`
	Filler       string          `json:"filler"` // "novels", "generated" or "none"
	Memory       Score           `json:"memory"` // with the document's own adapter
	NoAdapter    Score           `json:"no_adapter"`
	WrongAdapter Score           `json:"wrong_adapter"` // with another document's; of one document alone: as without adapter
	Chance       float64         `json:"chance"`        // exact match of always giving the most frequent answer of a form
	ByForm       map[string]Form `json:"by_form"`

	Prompt    *Way `json:"prompt,omitempty"`    // a reader with the whole document in its prompt
	Retrieved *Way `json:"retrieved,omitempty"` // a reader of retrieved passages
	Combined  *Way `json:"combined,omitempty"`  // passages in the prompt and the document's adapter

	SecondsEncode float64       `json:"seconds_encode"` // median of a document
	SecondsAsk    float64       `json:"seconds_ask"`    // median of a question, with the document's own adapter loaded
	AdapterBytes  int64         `json:"adapter_bytes"`  // median
	KVBytes       int64         `json:"kv_bytes"`       // median of the keys and values of a question and its answer
	Threads       int           `json:"threads"`
	Model         perk.ModelID  `json:"model"`
	Recipe        perk.RecipeID `json:"recipe"`
}
