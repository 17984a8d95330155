package study

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner/calibrate"
)

// curvePoints is how many points of a risk-coverage curve are kept.
const curvePoints = 50

// Trust is what the confidence of answers is worth, half of the questions being about another document.
type Trust struct {
	Calibrated bool               `json:"calibrated"` // the recipe has a calibration
	Rows       []calibrate.Row    `json:"rows"`       // by task, last one for all
	Curve      []confidence.Point `json:"curve"`      // of all answers, in rising order of coverage
}

// trust asks the questions of a Confidence cell.
func (s *subject) trust(ctx context.Context, o Options, c Cell, part func(float64)) (*Trust, error) {
	answers, err := calibrate.Ask(ctx, s.model, calibrate.Options{Documents: c.N, MaxTokens: c.Tokens, PerDocument: PerDocument, Filler: o.Filler, Split: task.Eval,
		Seed: c.Seed, Threads: o.Threads, Progress: func(done, total int) { part(float64(done) / float64(total)) }})
	if err != nil {
		return nil, err
	}
	var outcomes []confidence.Outcome
	for _, a := range answers {
		outcomes = append(outcomes, confidence.Outcome{Confidence: a.Confidence, Right: a.Right})
	}
	out := &Trust{Calibrated: s.model.Recipe.Calibration != nil, Rows: calibrate.Judge(answers)}
	curve := confidence.RiskCoverage(outcomes)
	for i := range curvePoints {
		if at := (i+1)*len(curve)/curvePoints - 1; at >= 0 {
			out.Curve = append(out.Curve, curve[at])
		}
	}
	return out, nil
}

// calibration is a digest of the recipe's calibration, which is no part of the recipe's identity because it writes no adapter.
func calibration(m *models.Model) string {
	if m.Recipe.Calibration == nil {
		return ""
	}
	b, err := json.Marshal(m.Recipe.Calibration)
	if err != nil { // numbers that Validate has seen, and names
		panic(err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}
