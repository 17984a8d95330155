package meta

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// chunkStep and rowStep are the grain of compiled shapes: a finer one pads less, a coarser one compiles fewer programs.
const (
	chunkStep = 4
	rowStep   = 128
)

func roundUp(n, step int) int { return (n + step - 1) / step * step }

// shapeOf gives the compiled shape that a sample is padded to.
func shapeOf(s *sample) shape {
	return shape{chunks: roundUp(len(s.sequences), chunkStep), rows: roundUp(s.rows(), rowStep)}
}

// load writes a sample into the program's inputs.
func (e *episode[T]) load(s *sample) {
	seq := e.c.seq()
	clear(e.write)
	r := 0
	for i, q := range s.sequences {
		copy(e.write[i*seq:], q)
		for t := 1; t < len(q); t++ {
			at := int32(i*seq + t - 1)
			e.at[r], e.next[r], e.targets[r], e.mask[r] = at, at+1, q[t], 1
			r++
		}
	}
	for ; r < e.shape.rows; r++ {
		e.at[r], e.next[r], e.targets[r], e.mask[r] = 0, 0, 0, 0
	}
	loadAsks(e.ask, e.answerAt, e.answer, e.weight, s.asks, e.c.AskTokens)
}

// loadAsks lays the questions out. A token of an answer of n tokens weighs 1/sqrt(n), so that long supports do not drown short values.
func loadAsks[T kernel.Float](tokens, at, targets []int32, weight []T, asks []ask, seq int) {
	clear(tokens)
	clear(at)
	clear(targets)
	clear(weight)
	total := 0.0
	for _, a := range asks {
		total += math.Sqrt(float64(len(a.tokens) - a.answer))
	}
	r := 0
	for i, a := range asks {
		copy(tokens[i*seq:], a.tokens)
		share := T(1 / (total * math.Sqrt(float64(len(a.tokens)-a.answer))))
		for t := a.answer; t < len(a.tokens); t++ {
			at[r], targets[r], weight[r] = int32(i*seq+t-1), a.tokens[t], share
			r++
		}
	}
}

// right counts the questions of which every answer token is more likely than not, a lower bound of exact match.
func right[T kernel.Float](nll []T, asks []ask) int {
	const ln2 = 0.6931471805599453
	n, r := 0, 0
	for _, a := range asks {
		ok := true
		for t := a.answer; t < len(a.tokens); t++ {
			ok = ok && float64(nll[r]) < ln2
			r++
		}
		if ok {
			n++
		}
	}
	return n
}
