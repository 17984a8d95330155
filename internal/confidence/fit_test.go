package confidence_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/confidence"
)

// drawn makes n examples whose answers are right with probability sigmoid(z + 3 Agreement - 1), z the log-odds of AnswerMean; the others are
// unanswerable.
func drawn(n int) []confidence.Example {
	rng := rand.New(rand.NewPCG(1, 2))
	var out []confidence.Example
	for range n {
		z := 6*rng.Float64() - 3
		s := confidence.Signals{AnswerMean: -math.Log1p(math.Exp(-z)), Facts: 1, Agreement: float64(rng.IntN(2))}
		right := rng.Float64() < 1/(1+math.Exp(-(z+3*s.Agreement-1)))
		out = append(out, confidence.Example{Signals: s, Right: right, Answerable: right})
	}
	return out
}

func TestFitFindsTheTruth(t *testing.T) {
	c, err := confidence.Fit(t.Context(), drawn(20000))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	weight := map[string]float64{}
	for i, name := range c.Signals {
		weight[name] = c.Weights[i]
	}
	for name, want := range map[string]float64{"answer_mean_logit": 1, "agreement": 3, "log_entropy": 0, "recalled": 0} {
		if math.Abs(weight[name]-want) > 0.15 {
			t.Errorf("weight of %s is %.3f, want %.0f", name, weight[name], want)
		}
	}
	var o []confidence.Outcome
	for _, e := range drawn(20000) {
		o = append(o, confidence.Outcome{Confidence: c.Confidence(e.Signals), Right: e.Right})
	}
	if q := confidence.Measure(o); q.ECE > 0.02 {
		t.Errorf("calibrated on what it was fitted on: ECE %.3f", q.ECE)
	}
}

// TestFitMaximises: the likelihood's gradient is 0 at the result, as logistic regression wants: sum (y - p) = 0 for the bias, which has no penalty.
func TestFitMaximises(t *testing.T) {
	examples := drawn(300)
	c, err := confidence.Fit(t.Context(), examples)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, e := range examples {
		sum -= c.Confidence(e.Signals)
		if e.Right {
			sum++
		}
	}
	if math.Abs(sum) > 1e-6 {
		t.Errorf("sum of y - p is %g", sum)
	}
	again, err := confidence.Fit(t.Context(), examples)
	if d := cmp.Diff(c, again); d != "" || err != nil {
		t.Errorf("fitted again: %v\n%s", err, d)
	}
}

// TestThreshold: where one signal separates the two kinds, the threshold lies between them; wrong answers do not move it.
func TestThreshold(t *testing.T) {
	var examples []confidence.Example
	for i := range 40 {
		x := -float64(i%20) / 20
		examples = append(examples,
			confidence.Example{Signals: confidence.Signals{AnswerMean: x}, Right: true, Answerable: true},
			confidence.Example{Signals: confidence.Signals{AnswerMean: x - 2}},
			confidence.Example{Signals: confidence.Signals{AnswerMean: x - 1}, Answerable: true})
	}
	c, err := confidence.Fit(t.Context(), examples)
	if err != nil {
		t.Fatal(err)
	}
	low, high := c.Confidence(confidence.Signals{AnswerMean: -2}), c.Confidence(confidence.Signals{AnswerMean: -.95})
	if c.Threshold <= low || c.Threshold >= high {
		t.Errorf("threshold %v is not between %v and %v", c.Threshold, low, high)
	}
	if math.IsInf(c.Bias, 0) || math.Abs(c.Bias) > 100 {
		t.Errorf("bias %v", c.Bias)
	}
}

func TestFitRefuses(t *testing.T) {
	right, wrong, foreign := confidence.Example{Right: true, Answerable: true}, confidence.Example{Answerable: true}, confidence.Example{}
	for name, examples := range map[string][]confidence.Example{
		"none": nil, "no right answer": {wrong, foreign}, "no foreign question": {right, wrong}, "nothing wrong": {right, right},
	} {
		if _, err := confidence.Fit(t.Context(), examples); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v, want EInvalid", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := confidence.Fit(ctx, []confidence.Example{right, wrong, foreign}); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*confidence.Calibration){
		"this perk knows":  func(c *confidence.Calibration) { c.Signals = append(c.Signals[:0:0], "other") },
		"weights for":      func(c *confidence.Calibration) { c.Weights = c.Weights[1:] },
		"not finite":       func(c *confidence.Calibration) { c.Weights[0] = math.NaN() },
		"threshold is 1.5": func(c *confidence.Calibration) { c.Threshold = 1.5 },
		"threshold is NaN": func(c *confidence.Calibration) { c.Threshold = math.NaN() },
		"fitted on -1":     func(c *confidence.Calibration) { c.Questions = -1 },
	} {
		c, err := confidence.Fit(t.Context(), drawn(100))
		if err != nil {
			t.Fatal(err)
		}
		change(c)
		if err := c.Validate(); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want EInvalid with %q", err, want)
		}
	}
}
