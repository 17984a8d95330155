package confidence

import (
	"cmp"
	"math"
	"slices"
)

// Outcome is one answer's confidence, in [0,1], and whether the answer was right. No answer to a question that the document does not answer is right.
type Outcome struct {
	Confidence float64
	Right      bool
}

// Point is a point of the risk-coverage curve: when only the answers of the greatest confidence are given, how many of all they are, and how many of
// them are wrong.
type Point struct {
	Coverage   float64 `json:"coverage"`   // share of the questions that are answered
	Risk       float64 `json:"risk"`       // share of wrong answers among them
	Confidence float64 `json:"confidence"` // smallest confidence of an answer given
}

// Quality sums up how well confidences tell right answers from wrong ones. Smaller is better.
type Quality struct {
	N     int     `json:"n"`
	Risk  float64 `json:"risk"`   // share of wrong answers when every question is answered
	AURC  float64 `json:"aurc"`   // area under the risk-coverage curve
	EAURC float64 `json:"e_aurc"` // AURC above that of confidences which put every right answer before every wrong one
	ECE   float64 `json:"ece"`    // expected calibration error
}

// Bins is the number of bins of equal width in which Measure compares confidence and accuracy.
const Bins = 10

// Measure computes the quality of outcomes; it is all 0 without any.
func Measure(outcomes []Outcome) Quality {
	q := Quality{N: len(outcomes)}
	if q.N == 0 {
		return q
	}
	curve := RiskCoverage(outcomes)
	for _, p := range curve {
		q.AURC += p.Risk / float64(q.N)
	}
	q.Risk = curve[q.N-1].Risk
	best := 0.0
	wrong := math.Round(q.Risk * float64(q.N))
	for k := 1; k <= q.N; k++ {
		best += max(0, wrong-float64(q.N-k)) / float64(k) / float64(q.N)
	}
	q.EAURC = max(0, q.AURC-best) // rounding may leave a trace below 0
	q.ECE = ECE(outcomes, Bins)
	return q
}

// RiskCoverage gives the curve's points, one for each number of answers given, from the most confident one to all. Answers of one confidence cannot be
// told apart: each of them counts as wrong by the share of wrong ones among them, so that the order of outcomes does not matter.
func RiskCoverage(outcomes []Outcome) []Point {
	sorted := slices.SortedFunc(slices.Values(outcomes), func(a, b Outcome) int { return cmp.Compare(b.Confidence, a.Confidence) })
	points := make([]Point, 0, len(sorted))
	wrong := 0.0
	for first := 0; first < len(sorted); {
		end, bad := first, 0.0
		for ; end < len(sorted) && cmp.Compare(sorted[end].Confidence, sorted[first].Confidence) == 0; end++ {
			if !sorted[end].Right {
				bad++
			}
		}
		for i := first; i < end; i++ {
			so := wrong + bad*float64(i+1-first)/float64(end-first)
			points = append(points, Point{
				Coverage: float64(i+1) / float64(len(sorted)), Risk: so / float64(i+1), Confidence: sorted[i].Confidence,
			})
		}
		wrong += bad
		first = end
	}
	return points
}

// ECE is the expected calibration error: the mean over all answers of how far the accuracy of an answer's bin is from the bin's mean confidence. The bins are
// of equal width over [0,1]; 0 without outcomes.
func ECE(outcomes []Outcome, bins int) float64 {
	difference := make([]float64, bins) // sum of confidence - accuracy
	for _, o := range outcomes {
		i := max(0, min(bins-1, int(o.Confidence*float64(bins))))
		difference[i] += o.Confidence
		if o.Right {
			difference[i]--
		}
	}
	sum := 0.0
	for _, d := range difference {
		sum += math.Abs(d)
	}
	return ratio(sum, float64(len(outcomes)))
}
