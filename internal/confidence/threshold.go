package confidence

import (
	"cmp"
	"slices"
)

// leastKept is the share of right answers that a threshold must leave alone. Balanced accuracy alone would refuse one right answer in six of the tasks that the
// model is weaker at, for a few more foreign questions: a refusal that is wrong costs the user an answer that was there.
const leastKept = 0.97

// threshold gives the confidence that tells right answers best from answers to questions that the document does not answer: it maximises the balanced
// accuracy, the mean of the shares of both that fall on their side, as long as leastKept of the right
// answers are kept. Wrong answers to other questions have no say. Of equally good thresholds it is the
// smallest, halfway between two confidences.
func threshold(c *Calibration, examples []Example) float64 {
	type judged struct {
		confidence float64
		keep       bool
	}
	var all []judged
	var keep, refuse float64
	for _, e := range examples {
		switch {
		case !e.Answerable:
			refuse++
		case e.Right:
			keep++
		default:
			continue
		}
		all = append(all, judged{c.Confidence(e.Signals), e.Answerable})
	}
	slices.SortFunc(all, func(a, b judged) int { return cmp.Compare(a.confidence, b.confidence) })
	best, bestAt := 1.0, 0.0 // refuse nothing: all right ones kept, no other refused
	kept, refused := keep, 0.0
	for i, j := range all {
		if j.keep {
			kept--
		} else {
			refused++
		}
		if i+1 < len(all) && all[i+1].confidence == j.confidence {
			continue
		}
		if ratio(kept, keep) < leastKept {
			break
		}
		if sum := ratio(kept, keep) + ratio(refused, refuse); sum > best {
			best, bestAt = sum, 1
			if i+1 < len(all) {
				bestAt = (j.confidence + all[i+1].confidence) / 2
			}
		}
	}
	return bestAt
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
