package calibrate

import (
	"context"

	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/models"
)

// Fit asks the model and fits a calibration to its answers. Errors: those of Ask, and EInvalid where the model answers nothing right or everything.
func Fit(ctx context.Context, m *models.Model, o Options) (*confidence.Calibration, []Answer, error) {
	answers, err := Ask(ctx, m, o)
	if err != nil {
		return nil, nil, err
	}
	examples := make([]confidence.Example, len(answers))
	for i, a := range answers {
		examples[i] = a.Example
	}
	c, err := confidence.Fit(ctx, examples)
	if err != nil {
		return nil, nil, err
	}
	for i := range answers {
		answers[i].Confidence = c.Confidence(answers[i].Signals)
		answers[i].Refused = answers[i].Confidence < c.Threshold
	}
	return c, answers, nil
}

// Row sums up the answers of a task.
type Row struct {
	Task     string             `json:"task"`              // "all" for all tasks together
	Own      int                `json:"own"`               // questions that the document answers
	Foreign  int                `json:"foreign"`           // questions about other documents
	EM       float64            `json:"em"`                // share of right answers to the own ones, refused or not
	Kept     float64            `json:"kept"`              // share of the right answers that were not refused
	Refused  float64            `json:"refused"`           // share of the foreign questions that were refused
	Balanced float64            `json:"balanced_accuracy"` // mean of Kept and Refused
	Quality  confidence.Quality `json:"quality"`           // over all questions; an answer to a foreign one is wrong
}

// Judge sums answers up, a row for each task in the order in which they come, and last one for all of them.
func Judge(answers []Answer) []Row {
	var names []string
	of := map[string][]Answer{}
	for _, a := range answers {
		if of[a.Task] == nil {
			names = append(names, a.Task)
		}
		of[a.Task] = append(of[a.Task], a)
	}
	var rows []Row
	for _, name := range names {
		rows = append(rows, row(name, of[name]))
	}
	return append(rows, row("all", answers))
}

func row(name string, answers []Answer) Row {
	r := Row{Task: name}
	var right, kept, refused int
	var outcomes []confidence.Outcome
	for _, a := range answers {
		outcomes = append(outcomes, confidence.Outcome{Confidence: a.Confidence, Right: a.Right})
		switch {
		case !a.Answerable:
			r.Foreign++
			if a.Refused {
				refused++
			}
		case a.Right:
			r.Own++
			right++
			if !a.Refused {
				kept++
			}
		default:
			r.Own++
		}
	}
	share := func(a, b int) float64 { return float64(a) / float64(max(1, b)) }
	r.EM, r.Kept, r.Refused = share(right, r.Own), share(kept, right), share(refused, r.Foreign)
	r.Balanced = (r.Kept + r.Refused) / 2
	r.Quality = confidence.Measure(outcomes)
	return r
}
