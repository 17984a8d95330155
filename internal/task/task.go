package task

import (
	"math/rand/v2"

	"github.com/perkdb/perk"
)

// Split says which part of names, schemas and novels an episode draws from; the package comment tells how large each is.
type Split int

// The splits. What they hold apart is told with each task and filler.
const (
	Train Split = iota
	Eval
)

// String gives "train" or "eval".
func (s Split) String() string {
	if s == Eval {
		return "eval"
	}
	return "train"
}

// Fact is a sentence or record part of the document, quoted letter for letter but for perk.Elision.
type Fact struct {
	Text string
	// Within is the passage that holds Text, where Text alone may stand in the document several times; else "".
	Within string
	// Reversed asks the trainer to quote the fact token-reversed: what is known of it stands at its end, and a memory written left
	// to right cannot be read from there (the reversal curse).
	Reversed bool
	// Absent marks a probe: a Text that the document does not hold, which the answer looks for and does not find.
	Absent bool
	// Match marks a fact whose end is what was looked for: the value that the fact before it has, or the one that the question names. To say so at once, at the token
	// itself, is learned far sooner than to conclude it later (docs/adr/0020).
	Match bool
}

// QA is one question about an episode's document.
type QA struct {
	Question string
	Answers  []string // accepted answers, the one to train on first
	Support  []Fact   // what to recall before answering, in this order; may be empty
	// Cloze marks a Question that is a prefix in the document's own surface form and an answer that continues it (after one space).
	Cloze bool
	// About names what the question is about: a document that lacks one of the names cannot answer it. It is empty where every document of
	// the task may.
	About []string
	// Unanswerable marks a question about something that the document does not have; it has no Answers (see Foreign).
	Unanswerable bool
	// Form names the kind of question ("grade", "highest"), for figures per form and for ChanceEM.
	Form string
}

// Episode is one document and its questions. The same task, rng and options always give the same episode.
type Episode struct {
	ID, Task, Text string
	Questions      []QA
}

// Options says what an Episode is to be like.
type Options struct {
	Tokens int              // length of the document by Count; at most that many, and near it (the package comment says how near)
	Count  func(string) int // tokens of a text; must be safe for what the caller does with it (the tasks call it from one goroutine)
	Filler Filler           // text between the facts; not used by tasks that have none
	Split  Split
	// NoSupport leaves the support of record, fact and data set questions out where one look-up answers them: a single fact in reading order. What has to
	// be compared or followed is recalled in any case.
	NoSupport bool
	// Place keeps the questions whose facts stand there, all of them; other facts stand anywhere. What has no fact to quote (an average) is not asked then.
	Place Place
	// Similar is the share, 0 to 1, of records whose key differs from another's in one character, for tasks with keys. 0 leaves it to the task: the
	// fact family has such keys in half of its documents, the others none but by chance.
	Similar float64
}

// Task makes episodes. Implementations are safe for concurrent use with separate rngs.
type Task interface {
	Name() string
	// Episode draws a document and its questions (at least one). Errors: EInvalid for options that cannot be met (no Count, no
	// Filler, too few Tokens for a single fact).
	Episode(rng *rand.Rand, o Options) (Episode, error)
}

// all lists every task, in the order in which Names gives them. A new one is added here, and to the lists of doc.go; the tests of Names hold it to the
// promises of Task and Options.
func all() []Task {
	return []Task{
		babilong{1}, babilong{2}, babilong{3},
		students{kind: recall}, students{kind: recall, filler: true}, students{kind: relation}, students{kind: aggregate},
		factFamily{}, factFamily{invented: true}, keyValue{},
	}
}

// Names lists the names that ByName knows. Library.Names has those of the data sets too.
func Names() []string {
	var names []string
	for _, t := range all() {
		names = append(names, t.Name())
	}
	return names
}

// ByName finds a task that needs no data; Library.ByName finds the others too. Errors: EInvalid.
func ByName(name string) (Task, error) {
	for _, t := range all() {
		if t.Name() == name {
			return t, nil
		}
	}
	for _, d := range dataSets() {
		if d.name == name {
			return nil, perk.Errorf(perk.EInvalid, "task.ByName", "the task %q is made of a data set", name).
				WithHint("it can be had where PERK_DATA names a folder that holds %q, and from Open", d.files)
		}
	}
	return nil, perk.Errorf(perk.EInvalid, "task.ByName", "there is no task %q", name).WithHint("the tasks are %q", Names())
}

// valid checks what every task needs.
func (o Options) valid(filler bool) error {
	const op = "task.Episode"
	switch {
	case o.Count == nil:
		return perk.Errorf(perk.EInvalid, op, "Options.Count is not set").WithHint("pass the tokenizer's Count")
	case o.Tokens < 1:
		return perk.Errorf(perk.EInvalid, op, "Options.Tokens is %d", o.Tokens).WithHint("ask for at least one token")
	case !o.Place.anywhere() && !(0 <= o.Place.Lo && o.Place.Lo < o.Place.Hi && o.Place.Hi <= 1):
		return perk.Errorf(perk.EInvalid, op, "Options.Place is [%g,%g)", o.Place.Lo, o.Place.Hi).WithHint("give shares of the document, 0 <= Lo < Hi <= 1")
	case !(0 <= o.Similar && o.Similar <= 1):
		return perk.Errorf(perk.EInvalid, op, "Options.Similar is %g", o.Similar).WithHint("give a share from 0 to 1")
	case filler && o.Filler == nil:
		return perk.Errorf(perk.EInvalid, op, "Options.Filler is not set").WithHint("pass OpenProse's or Generated's")
	}
	return nil
}
