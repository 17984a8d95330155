// Package confidence turns what is known of an answer without its document into the probability that the answer is right, and measures how good such
// probabilities are.
//
// # Main types
//
//   - Signals: what decoding an answer tells about it. Agreement is one of them.
//   - Calibration: the logistic regression that a recipe carries. Fit makes one of Examples (Newton's method; Platt scaling with several inputs) and
//     chooses the threshold below which an answer is taken for none.
//   - Outcome: one answer's confidence and whether it was right; Measure sums many up: area under the risk-coverage curve (AURC), its excess
//     over the best possible (E-AURC), expected calibration error (ECE). RiskCoverage gives the curve itself.
//
// # Caveats
//
// A probability holds for questions like those it was fitted on, half of them without an answer. Among other questions the order of confidences, and so the AURC,
// is worth more than their level.
package confidence
