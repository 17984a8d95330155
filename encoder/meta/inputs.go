package meta

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

func roundUp(n, step int) int { return (n + step - 1) / step * step }

// batch is a fixed number of sequences of a write as the inputs of a program.
type batch[T kernel.Float] struct {
	seq     int
	rows    int     // that carry a loss
	tokens  []int32 // (sequences*seq)
	at      []int32 // (rows) position that predicts the token
	next    []int32 // (rows) the token's own position
	targets []int32 // (rows) the token; -1 in the padding, which is behind all others
	mask    []T     // (rows) 1, or 0 in the padding
	below   []T     // (sequences*seq, dim) what the lowest adapted layer of a frozen base model reads; nil without one
}

func newBatch[T kernel.Float](s *setup[T], sequences, seq int) *batch[T] {
	rows := sequences * (seq - 1)
	return &batch[T]{seq: seq, below: s.frozen.room(sequences * seq), tokens: make([]int32, sequences*seq), at: make([]int32, rows), next: make([]int32, rows), targets: make([]int32, rows), mask: make([]T, rows)}
}

// load writes sequences, at most as many as the batch has, into the inputs.
func (b *batch[T]) load(sequences [][]int32) {
	clear(b.tokens)
	r := 0
	for i, q := range sequences {
		copy(b.tokens[i*b.seq:], q)
		for t := 1; t < len(q); t++ {
			at := int32(i*b.seq + t - 1)
			b.at[r], b.next[r], b.targets[r], b.mask[r] = at, at+1, q[t], 1
			r++
		}
	}
	b.pad(r)
}

// pad ends the inputs after so many rows.
func (b *batch[T]) pad(rows int) {
	b.rows = rows
	for r := rows; r < len(b.at); r++ {
		b.at[r], b.next[r], b.targets[r], b.mask[r] = 0, 0, -1, 0
	}
}

// loadAsks lays the questions out. A token among n of a support, and of an answer behind it, weighs 1/sqrt(n), so that neither long supports drown
// short values nor a support the one word that is concluded from it.
func loadAsks[T kernel.Float](tokens, at, targets []int32, weight []T, asks []ask, seq int) {
	clear(tokens)
	clear(weight)
	total := 0.0
	for _, a := range asks {
		total += math.Sqrt(float64(a.output-a.answer)) + math.Sqrt(float64(len(a.tokens)-a.output))
	}
	r := 0
	for i, a := range asks {
		copy(tokens[i*seq:], a.tokens)
		for t := a.answer; t < len(a.tokens); t++ {
			n := a.output - a.answer
			if t >= a.output {
				n = len(a.tokens) - a.output
			}
			at[r], targets[r], weight[r] = int32(i*seq+t-1), a.tokens[t], T(1/(total*math.Sqrt(float64(n))))
			r++
		}
	}
	for ; r < len(at); r++ {
		at[r], targets[r] = 0, -1
	}
}

// right counts the questions of which every answer token is more likely than not, a lower bound of exact match.
func right[T kernel.Float](nll []T, asks []ask) int {
	n, r := 0, 0
	for _, a := range asks {
		tokens := len(a.tokens) - a.answer
		if likely(nll[r : r+tokens]) {
			n++
		}
		r += tokens
	}
	return n
}

// likely tells whether every token is more likely than not.
func likely[T kernel.Float](nll []T) bool {
	for _, v := range nll {
		if !(v < math.Ln2) {
			return false
		}
	}
	return true
}
