package confidence

import (
	"math"
	"slices"

	"github.com/perkdb/perk"
)

// Calibration is a logistic regression on Signals, as a recipe's file holds it.
type Calibration struct {
	Signals   []string  `json:"signals"` // names of the inputs
	Weights   []float64 `json:"weights"` // of the inputs, in their order
	Bias      float64   `json:"bias"`
	Threshold float64   `json:"threshold"` // answers of a smaller confidence are taken for "not in this document"
	Questions int       `json:"questions"` // that it was fitted on
}

// Confidence gives the probability that an answer with these signals is right. c must be valid.
func (c *Calibration) Confidence(s Signals) float64 {
	z := c.Bias
	for i, x := range s.vector() {
		z += c.Weights[i] * x
	}
	return sigmoid(z)
}

// Validate reports an EInvalid error for a calibration of other signals than this package knows, or with a value that makes no sense.
func (c *Calibration) Validate() error {
	const op = "confidence.Validate"
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	switch {
	case !slices.Equal(c.Signals, names()):
		return perk.Errorf(perk.EInvalid, op, "the calibration is of signals %q, this perk knows %q", c.Signals, names()).WithHint("run `perk calibrate` again")
	case len(c.Weights) != len(c.Signals):
		return perk.Errorf(perk.EInvalid, op, "the calibration has %d weights for %d signals", len(c.Weights), len(c.Signals))
	case !finite(c.Bias) || slices.ContainsFunc(c.Weights, func(w float64) bool { return !finite(w) }):
		return perk.Errorf(perk.EInvalid, op, "the calibration holds a weight that is not finite")
	case !(c.Threshold >= 0 && c.Threshold <= 1):
		return perk.Errorf(perk.EInvalid, op, "the calibration's threshold is %v, want 0 to 1", c.Threshold)
	case c.Questions < 0:
		return perk.Errorf(perk.EInvalid, op, "the calibration was fitted on %d questions", c.Questions)
	}
	return nil
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
