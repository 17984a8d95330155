package ad

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// Visible says which rows a row of a sequence may see: row i sees [0, Shared) and [Own[i], i]. Several questions that follow one document in one
// sequence each see the document and themselves only. The caller may change it between runs.
type Visible struct {
	Shared int
	Own    []int32 // (rows)
}

// promptRows is how many query rows have their scores alive at once.
const promptRows = 64

// PromptAttention gives causal multi-head attention inside one sequence, as Attention does, restricted to what is Visible. Scores exist for
// promptRows rows at a time and are computed again in the gradient, so that memory grows with the length and not with its square. Its gradient
// cannot be differentiated.
func PromptAttention[T kernel.Float](q, k, v *Node[T], heads int, see *Visible) *Node[T] {
	rows, d := q.Rows, q.Cols
	p := prompt[T]{rows: rows, d: d, heads: heads, see: see}
	return q.graph.apply("PromptAttention", rows, d, func(out []T, in [][]T) {
		scores := make([]T, promptRows*rows)
		p.each(in[0], in[1], scores, func(x, r, n, cols int) {
			gemm(false, false, n, p.width(), cols, scores, cols, in[2][x:], d, 0, out[r*d+x:], d)
		})
	}, func(gy *Node[T], _ []bool) []*Node[T] {
		all := p.gradient(q, k, v, gy)
		return []*Node[T]{Rows(all, 0, rows), Rows(all, rows, 2*rows), Rows(all, 2*rows, 3*rows)}
	}, q, k, v)
}

// prompt is the shape of one PromptAttention.
type prompt[T kernel.Float] struct {
	rows, d, heads int
	see            *Visible
}

func (p prompt[T]) width() int { return p.d / p.heads }

func (p prompt[T]) factor() T { return T(1 / math.Sqrt(float64(p.width()))) }

// each fills the scratch with the probabilities (n, cols) of rows [r, r+n) of the head at column x, and calls f.
func (p prompt[T]) each(q, k, scores []T, f func(x, r, n, cols int)) {
	for x := 0; x < p.d; x += p.width() {
		for r := 0; r < p.rows; r += promptRows {
			n := min(promptRows, p.rows-r)
			cols := r + n
			gemm(false, true, n, cols, p.width(), q[r*p.d+x:], p.d, k[x:], p.d, 0, scores, cols)
			for i := range n {
				row, end := scores[i*cols:(i+1)*cols], r+i+1
				scale(row[:end], p.factor(), row[:end])
				for j := p.see.Shared; j < int(p.see.Own[r+i]); j++ {
					row[j] = -1e30
				}
				softmax(row[:end], row[:end])
				clear(row[end:])
			}
			f(x, r, n, cols)
		}
	}
}

// gradient gives, stacked, the adjoints of q, k and v: (3*rows, d).
func (p prompt[T]) gradient(q, k, v, gy *Node[T]) *Node[T] {
	rows, d, w := p.rows, p.d, p.width()
	return q.graph.apply("promptAttentionBack", 3*rows, d, func(out []T, in [][]T) {
		dq, dk, dv, g := out[:rows*d], out[rows*d:2*rows*d], out[2*rows*d:], in[3]
		clear(out[rows*d:])
		probs, ds := make([]T, promptRows*rows), make([]T, promptRows*rows)
		p.each(in[0], in[1], probs, func(x, r, n, cols int) {
			at := r*d + x
			gemm(true, false, cols, w, n, probs, cols, g[at:], d, 1, dv[x:], d)
			gemm(false, true, n, cols, w, g[at:], d, in[2][x:], d, 0, ds, cols)
			for i := range n {
				row, end := ds[i*cols:(i+1)*cols], r+i+1
				softmaxGrad(row[:end], probs[i*cols:i*cols+end], row[:end])
				scale(row[:end], p.factor(), row[:end])
				clear(row[end:])
			}
			gemm(false, false, n, w, cols, ds, cols, in[1][x:], d, 0, dq[at:], d)
			gemm(true, false, cols, w, n, ds, cols, in[0][at:], d, 1, dk[x:], d)
		})
	}, nil, q, k, v, gy)
}
