package ad

import (
	"math"

	"github.com/perkdb/perk/internal/kernel"
)

// Attention gives causal multi-head attention inside sequences of seq rows: q, k, v and the result are (sequences*seq, d), heads
// side by side in the columns, scores divided by sqrt(d/heads).
func Attention[T kernel.Float](q, k, v *Node[T], seq, heads int) *Node[T] {
	s := Scale(scores(q, k, seq, heads), T(1/math.Sqrt(float64(q.Cols/heads))))
	return mix(causalSoftmax(s, seq), v, seq, heads, false)
}

// eachHead calls f with the offset of every (sequence, head) block in a (rows, d) matrix and in a (rows*heads, seq) matrix of scores.
func eachHead(rows, d, seq, heads int, f func(x, s int)) {
	for b := 0; b < rows/seq; b++ {
		for h := 0; h < heads; h++ {
			f(b*seq*d+h*(d/heads), (b*heads+h)*seq*seq)
		}
	}
}

// scores gives S[b,h,i,j] = q[b,i,h] . k[b,j,h] as a (rows*heads, seq) matrix.
func scores[T kernel.Float](q, k *Node[T], seq, heads int) *Node[T] {
	d, hd := q.Cols, q.Cols/heads
	return q.graph.apply("scores", q.Rows*heads, seq, func(out []T, in [][]T) {
		eachHead(q.Rows, d, seq, heads, func(x, s int) {
			gemm(false, true, seq, seq, hd, in[0][x:], d, in[1][x:], d, 0, out[s:], seq)
		})
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			g[0] = mix(gy, k, seq, heads, false)
		}
		if need[1] {
			g[1] = mix(gy, q, seq, heads, true)
		}
		return g
	}, q, k)
}

// mix gives o[b,i,h] = sum_j P[b,h,i,j] v[b,j,h], with P transposed where the flag is set.
func mix[T kernel.Float](p, v *Node[T], seq, heads int, transpose bool) *Node[T] {
	d, hd := v.Cols, v.Cols/heads
	return v.graph.apply("mix", v.Rows, d, func(out []T, in [][]T) {
		eachHead(v.Rows, d, seq, heads, func(x, s int) {
			gemm(transpose, false, seq, hd, seq, in[0][s:], seq, in[1][x:], d, 0, out[x:], d)
		})
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			if transpose {
				g[0] = scores(v, gy, seq, heads)
			} else {
				g[0] = scores(gy, v, seq, heads)
			}
		}
		if need[1] {
			g[1] = mix(p, gy, seq, heads, !transpose)
		}
		return g
	}, p, v)
}

// causalSoftmax gives the softmax of row i of every (seq, seq) block over its columns 0..i, zeros elsewhere.
func causalSoftmax[T kernel.Float](s *Node[T], seq int) *Node[T] {
	var p *Node[T]
	p = s.graph.apply("causalSoftmax", s.Rows, seq, func(out []T, in [][]T) {
		for r := 0; r < s.Rows; r++ {
			n := r%seq + 1
			softmax(out[r*seq:r*seq+n], in[0][r*seq:r*seq+n])
			clear(out[r*seq+n : (r+1)*seq])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{softmaxBack(p, gy)} }, s)
	return p
}

// softmaxBack gives p * (g - p.g) for every row.
func softmaxBack[T kernel.Float](p, g *Node[T]) *Node[T] {
	c := p.Cols
	return p.graph.apply("softmaxBack", p.Rows, c, func(out []T, in [][]T) {
		for r := 0; r < p.Rows; r++ {
			softmaxGrad(out[r*c:(r+1)*c], in[0][r*c:(r+1)*c], in[1][r*c:(r+1)*c])
		}
	}, func(u *Node[T], need []bool) []*Node[T] {
		out := make([]*Node[T], 2)
		if need[0] { // d/dp of u . (p * (g - p.g)) = u g - u (p.g) - g (u.p)
			pg, up := RowDot(p, g), RowDot(u, p)
			out[0] = Sub(Mul(u, g), Add(RowScale(u, pg), RowScale(g, up)))
		}
		if need[1] {
			out[1] = softmaxBack(p, u)
		}
		return out
	}, p, g)
}
