package study

import (
	"github.com/perkdb/perk"
)

// Names of the studies.
const (
	Length     = "length"     // accuracy over the length of the document
	Position   = "position"   // over the place of the fact
	Similarity = "similarity" // over the share of keys that are nearly another's
	BitWidths  = "bits"       // over the bytes of an adapter
	Ablations  = "ablation"   // of models trained with one thing changed
	Costing    = "cost"       // seconds and bytes over the length of the document
	Controls   = "controls"   // what a confidence is worth; the controls without the right adapter are part of every accuracy
)

// Study is a part of the plan.
type Study struct {
	Name  string
	Cells []Cell
}

// Scale is how much is measured.
type Scale struct {
	name         string
	lengths      []int // tokens
	costs        []int // tokens of the cost study
	short, long  int   // questions of a figure up to and above longTokens
	repeats      int   // of a cost
	ablationSize []int // tokens of the ablations and adapter sizes
	positionSize []int // tokens of the positions
	documents    int   // of each task, of a confidence
	widths       []int // bits of a stored adapter's elements
}

// longTokens is the longest document of which a figure needs the many questions.
const longTokens = 8 << 10

// seed of all documents. The README's commands use it too, so that `perk eval` gives a cell's figure.
const seed = 7

func scales() []Scale {
	widths := []int{32, 8, 6, 5, 4, 3, 2, 1}
	return []Scale{
		{name: "full", lengths: doubled(256, 128<<10), costs: []int{1 << 10, 4 << 10, 8 << 10, 32 << 10, 128 << 10}, short: 500, long: 200, repeats: 5,
			ablationSize: []int{512, 1 << 10}, positionSize: []int{1 << 10, 8 << 10}, documents: 100, widths: widths},
		{name: "quick", lengths: doubled(512, 8<<10), costs: []int{1 << 10, 4 << 10}, short: 100, long: 100, repeats: 5, ablationSize: []int{512}, positionSize: []int{1 << 10}, documents: 20, widths: widths},
		{name: "smoke", lengths: []int{256}, costs: []int{256}, short: 4, long: 4, repeats: 2, ablationSize: []int{256}, positionSize: []int{512}, documents: 2, widths: []int{32, 1}},
	}
}

func doubled(from, to int) []int {
	var out []int
	for n := from; n <= to; n *= 2 {
		out = append(out, n)
	}
	return out
}

// ScaleByName finds a scale: "full", "quick" (minutes, to find one's way) or "smoke" (a test that everything runs). Errors: EInvalid.
func ScaleByName(name string) (Scale, error) {
	var names []string
	for _, s := range scales() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return Scale{}, perk.Errorf(perk.EInvalid, "study.ScaleByName", "there is no scale %q", name).WithHint("the scales are %q", names)
}

// Names lists the studies.
func Names() []string {
	var out []string
	for _, s := range Plan(Scale{}, nil) {
		out = append(out, s.Name)
	}
	return out
}

// Plan lists the studies with their cells: those that the document's adapter answers, and the same by the given readers.
func Plan(s Scale, readers []string) []Study {
	return []Study{
		{Length, s.length(append([]string{Memory}, readers...))},
		{Position, s.position()},
		{Similarity, s.similarity()},
		{BitWidths, s.bits()},
		{Ablations, s.ablation()},
		{Costing, s.cost()},
		{Controls, s.controls()},
	}
}

// questions is the number of questions of a figure.
func (s Scale) questions(tokens int) int {
	if tokens <= longTokens {
		return s.short
	}
	return s.long
}

func (s Scale) accuracy(name string, tokens int) Cell {
	return Cell{Measure: Accuracy, Task: name, Tokens: tokens, N: s.questions(tokens), Seed: seed, Way: Memory}
}

// lengthTasks are the tasks of the length study.
func lengthTasks() []string {
	return []string{"babilong-qa1", "babilong-qa2", "babilong-qa3", "student-recall", "student-relation", "student-aggregate", "facts"}
}

// length goes from short documents to long ones, so that a run that is cut off leaves whole columns.
func (s Scale) length(ways []string) []Cell {
	var out []Cell
	for _, tokens := range s.lengths {
		for _, way := range ways {
			for _, name := range lengthTasks() {
				c := s.accuracy(name, tokens)
				c.Way = way
				out = append(out, c)
			}
		}
	}
	return out
}

// variedTasks are the tasks of the studies that vary the model.
func variedTasks() []string { return []string{"babilong-qa1", "babilong-qa2", "student-recall"} }

func (s Scale) bits() []Cell {
	var out []Cell
	for _, tokens := range s.ablationSize {
		for _, name := range variedTasks() {
			for _, bits := range s.widths {
				c := s.accuracy(name, tokens)
				c.Bits = bits
				out = append(out, c)
			}
		}
	}
	return out
}

func (s Scale) ablation() []Cell {
	var out []Cell
	for _, a := range ablations() {
		for _, tokens := range s.ablationSize {
			for _, name := range variedTasks() {
				c := s.accuracy(name, tokens)
				c.Variant = a.name
				out = append(out, c)
			}
		}
	}
	return out
}

func (s Scale) position() []Cell {
	var out []Cell
	for _, tokens := range s.positionSize {
		for bin := 1; bin <= Bins; bin++ {
			c := s.accuracy("babilong-qa1", tokens)
			c.Bin = bin
			out = append(out, c)
		}
	}
	return out
}

// similarTokens is the length of the documents with similar keys.
const similarTokens = 1 << 10

// similarTasks ask for a record by its key, among nothing but records and among filler.
func similarTasks() []string { return []string{"student-recall", "student-recall-filler"} }

// similarShares are percents of records whose key is nearly another's.
func similarShares() []int { return []int{0, 25, 50, 75, 100} }

func (s Scale) similarity() []Cell {
	var out []Cell
	for _, name := range similarTasks() {
		for _, share := range similarShares() {
			c := s.accuracy(name, similarTokens)
			c.Similar = share
			out = append(out, c)
		}
	}
	return out
}

// confidenceTokens is the longest document of a Confidence.
const confidenceTokens = 2 << 10

func (s Scale) controls() []Cell {
	return []Cell{{Measure: Confidence, Tokens: confidenceTokens, N: s.documents, Seed: seed}}
}

func (s Scale) cost() []Cell {
	var out []Cell
	for _, tokens := range s.costs {
		out = append(out, Cell{Measure: Cost, Task: "babilong-qa1", Tokens: tokens, N: s.repeats, Seed: seed})
	}
	return out
}
