package confidence

import (
	"context"
	"math"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/spd"
)

// Example is one answer to fit on.
type Example struct {
	Signals
	Right      bool
	Answerable bool // the document answers the question
}

// Constants of Fit.
const (
	ridge     = 1 // penalty w^2/2 of each weight of a standardised signal; keeps weights finite where a signal decides alone
	maxNewton = 100
	tolerance = 1e-9 // of the largest change of a weight
)

// Fit fits the probability of a right answer by penalised maximum likelihood and chooses the threshold. It is deterministic. Errors: EInvalid (there are
// not both right and wrong answers, or both answered and unanswerable questions), ECanceled.
func Fit(ctx context.Context, examples []Example) (*Calibration, error) {
	const op = "confidence.Fit"
	right, foreign := 0, 0
	for _, e := range examples {
		if e.Right {
			right++
		}
		if !e.Answerable {
			foreign++
		}
	}
	if right == 0 || right == len(examples) || foreign == 0 {
		return nil, perk.Errorf(perk.EInvalid, op, "%d questions, %d right answers, %d questions without an answer: there must be some of each kind",
			len(examples), right, foreign).WithHint("is the model a trained one?")
	}
	x, mean, scale := standardise(examples)
	w, err := newton(ctx, x, examples)
	if err != nil {
		return nil, err
	}
	c := &Calibration{Signals: names(), Weights: make([]float64, len(mean)), Bias: w[len(mean)], Questions: len(examples)}
	for i := range mean {
		c.Weights[i] = w[i] / scale[i]
		c.Bias -= w[i] * mean[i] / scale[i]
	}
	c.Threshold = threshold(c, examples)
	return c, nil
}

// standardise gives rows of zero mean and unit variance with a last column of ones; a signal that never changes stays 0.
func standardise(examples []Example) (x [][]float64, mean, scale []float64) {
	k, n := len(names()), float64(len(examples))
	mean, scale = make([]float64, k), make([]float64, k)
	for _, e := range examples {
		row := append(e.vector(), 1)
		for i := range k {
			mean[i] += row[i] / n
		}
		x = append(x, row)
	}
	for i := range k {
		for _, row := range x {
			row[i] -= mean[i]
			scale[i] += row[i] * row[i] / n
		}
		if scale[i] = math.Sqrt(scale[i]); scale[i] < 1e-12 {
			scale[i] = 1
		}
		for _, row := range x {
			row[i] /= scale[i]
		}
	}
	return x, mean, scale
}

// newton maximises the penalised likelihood, which is concave: H = X^T diag(p(1-p)) X + ridge I, step H^-1 (X^T (y-p) - ridge w). The bias has no penalty. A
// step that would lose likelihood is halved.
func newton(ctx context.Context, x [][]float64, examples []Example) ([]float64, error) {
	const op = "confidence.Fit"
	k := len(x[0])
	w, inverse := make([]float64, k), make([]float64, k*k)
	loss := penalised(x, examples, w)
	for range maxNewton {
		if err := ctx.Err(); err != nil {
			return nil, perk.E(perk.ECanceled, op, err)
		}
		g, h := derivatives(x, examples, w)
		if err := spd.Invert(k, h, inverse); err != nil {
			return nil, perk.E(perk.EInternal, op, err)
		}
		step, largest := make([]float64, k), 0.0
		for i := range k {
			for j := range k {
				step[i] += inverse[i*k+j] * g[j]
			}
			largest = max(largest, math.Abs(step[i]))
		}
		if largest < tolerance {
			return w, nil
		}
		for t := 1.0; ; t /= 2 {
			next := make([]float64, k)
			for i := range w {
				next[i] = w[i] + t*step[i]
			}
			if l := penalised(x, examples, next); l <= loss || t*largest < tolerance {
				w, loss = next, l
				break
			}
		}
	}
	return nil, perk.Errorf(perk.EInternal, op, "no maximum after %d steps", maxNewton)
}

// derivatives gives the gradient of the penalised likelihood and its negated Hessian, row by row.
func derivatives(x [][]float64, examples []Example, w []float64) (g, h []float64) {
	k := len(w)
	g, h = make([]float64, k), make([]float64, k*k)
	for n, row := range x {
		p := sigmoid(dot(row, w))
		y := 0.0
		if examples[n].Right {
			y = 1
		}
		for i, v := range row {
			g[i] += (y - p) * v
			for j := range k {
				h[i*k+j] += p * (1 - p) * v * row[j]
			}
		}
	}
	for i := range k - 1 {
		g[i] -= ridge * w[i]
		h[i*k+i] += ridge
	}
	return g, h
}

// penalised is the negated penalised log-likelihood.
func penalised(x [][]float64, examples []Example, w []float64) float64 {
	sum := 0.0
	for n, row := range x {
		z := dot(row, w)
		if examples[n].Right {
			z = -z
		}
		sum += math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) // log(1+exp(z)) without overflow
	}
	for _, v := range w[:len(w)-1] {
		sum += ridge * v * v / 2
	}
	return sum
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
