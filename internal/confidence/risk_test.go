package confidence_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk/internal/confidence"
)

var near = cmpopts.EquateApprox(0, 1e-12)

// outcomes pairs confidences with marks: r right, w wrong.
func outcomes(marks string, confidences ...float64) []confidence.Outcome {
	var out []confidence.Outcome
	for i, c := range confidences {
		out = append(out, confidence.Outcome{Confidence: c, Right: marks[i] == 'r'})
	}
	return out
}

// TestMeasure holds the figures to values worked out by hand.
func TestMeasure(t *testing.T) {
	for name, c := range map[string]struct {
		in   []confidence.Outcome
		want confidence.Quality
	}{
		"none": {nil, confidence.Quality{}},
		// Risks 0, 0, 1/3, 1/2; a perfect order has the same. ECE: bins 9: .95-1, 8: .85-1, 3: .35-0, 0: .05-0.
		"perfect order": {outcomes("rrww", .95, .85, .35, .05), confidence.Quality{N: 4, Risk: .5, AURC: (1./3 + 1./2) / 4, EAURC: 0, ECE: (.05 + .15 + .35 + .05) / 4}},
		// The same answers the other way round: risks 1, 1, 2/3, 1/2.
		"worst order": {outcomes("wwrr", .95, .85, .35, .05), confidence.Quality{N: 4, Risk: .5, AURC: (1 + 1 + 2./3 + 1./2) / 4,
			EAURC: (1+1+2./3+1./2)/4 - (1./3+1./2)/4, ECE: (.95 + .85 + .65 + .95) / 4}},
		// Risks 0, 1/2, 1/3; a perfect order has 0, 0, 1/3. One bin holds all: |.95+.92+.91 - 2| / 3.
		"one bin": {outcomes("rwr", .95, .92, .91), confidence.Quality{N: 3, Risk: 1. / 3, AURC: (1./2 + 1./3) / 3, EAURC: 1. / 2 / 3, ECE: (.95 + .92 + .91 - 2) / 3}},
		// Two of one confidence, half of them wrong: the risk is 1/2 wherever between them the line is drawn.
		"tie":       {outcomes("wr", .5, .5), confidence.Quality{N: 2, Risk: .5, AURC: .5, EAURC: .25, ECE: 0}},
		"all right": {outcomes("rr", 1, 1), confidence.Quality{N: 2}},
		"all wrong": {outcomes("ww", 0, 0), confidence.Quality{N: 2, Risk: 1, AURC: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, confidence.Measure(c.in), near); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestRiskCoverage(t *testing.T) {
	a := confidence.RiskCoverage(outcomes("rwrw", .9, .5, .5, .1))
	want := []confidence.Point{{Coverage: .25, Risk: 0, Confidence: .9}, {Coverage: .5, Risk: .25, Confidence: .5}, {Coverage: .75, Risk: 1. / 3, Confidence: .5}, {Coverage: 1, Risk: .5, Confidence: .1}}
	if d := cmp.Diff(want, a, near); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff(a, confidence.RiskCoverage(outcomes("wrwr", .1, .5, .5, .9)), near); d != "" {
		t.Errorf("another order of the same outcomes:\n%s", d)
	}
	if n := len(confidence.RiskCoverage(outcomes("rw", math.NaN(), .5))); n != 2 {
		t.Errorf("%d points with a confidence that is not a number, want 2", n)
	}
}
