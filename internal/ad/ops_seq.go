package ad

import "github.com/perkdb/perk/internal/kernel"

// Gather gives the rows ids of table: (len(ids), table.Cols). The caller may change the ids between runs.
func Gather[T kernel.Float](table *Node[T], ids []int32) *Node[T] {
	d := table.Cols
	return table.graph.apply("Gather", len(ids), d, func(out []T, in [][]T) {
		for i, id := range ids {
			copy(out[i*d:(i+1)*d], in[0][int(id)*d:(int(id)+1)*d])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{scatter(gy, ids, table.Rows)} }, table)
}

// scatter adds row i of x to row ids[i] of a (rows, x.Cols) zero matrix.
func scatter[T kernel.Float](x *Node[T], ids []int32, rows int) *Node[T] {
	d := x.Cols
	return x.graph.apply("scatter", rows, d, func(out []T, in [][]T) {
		clear(out)
		for i, id := range ids {
			axpy(1, in[0][i*d:(i+1)*d], out[int(id)*d:(int(id)+1)*d])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Gather(gy, ids)} }, x)
}

// Conv gives the causal depthwise convolution y_t = sum_j w_j * x_{t-j} inside sequences of seq rows. x is (sequences*seq, d), w is (taps, d).
func Conv[T kernel.Float](x, w *Node[T], seq int) *Node[T] {
	d := x.Cols
	return x.graph.apply("Conv", x.Rows, d, func(out []T, in [][]T) {
		clear(out)
		convEach(x.Rows, w.Rows, seq, func(t, j int) {
			mulAdd(out[t*d:(t+1)*d], in[0][(t-j)*d:(t-j+1)*d], in[1][j*d:(j+1)*d])
		})
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] {
			g[0] = convBack(gy, w, seq)
		}
		if need[1] {
			g[1] = convWeights(x, gy, w.Rows, seq)
		}
		return g
	}, x, w)
}

// convEach calls f for every row t and tap j whose source row t-j is in the same sequence.
func convEach(rows, taps, seq int, f func(t, j int)) {
	for t := 0; t < rows; t++ {
		for j := 0; j < taps && j <= t%seq; j++ {
			f(t, j)
		}
	}
}

// convBack is the transpose of Conv in x: dx_{t-j} += w_j * g_t.
func convBack[T kernel.Float](g, w *Node[T], seq int) *Node[T] {
	d := g.Cols
	return g.graph.apply("convBack", g.Rows, d, func(out []T, in [][]T) {
		clear(out)
		convEach(g.Rows, w.Rows, seq, func(t, j int) {
			mulAdd(out[(t-j)*d:(t-j+1)*d], in[0][t*d:(t+1)*d], in[1][j*d:(j+1)*d])
		})
	}, func(u *Node[T], need []bool) []*Node[T] {
		out := make([]*Node[T], 2)
		if need[0] {
			out[0] = Conv(u, w, seq)
		}
		if need[1] {
			out[1] = convWeights(u, g, w.Rows, seq)
		}
		return out
	}, g, w)
}

// convWeights is the gradient of Conv in w: dw_j = sum_t g_t * x_{t-j}.
func convWeights[T kernel.Float](x, g *Node[T], taps, seq int) *Node[T] {
	d := x.Cols
	return x.graph.apply("convWeights", taps, d, func(out []T, in [][]T) {
		clear(out)
		convEach(x.Rows, taps, seq, func(t, j int) {
			mulAdd(out[j*d:(j+1)*d], in[0][(t-j)*d:(t-j+1)*d], in[1][t*d:(t+1)*d])
		})
	}, func(u *Node[T], need []bool) []*Node[T] {
		out := make([]*Node[T], 2)
		if need[0] {
			out[0] = convBack(g, u, seq)
		}
		if need[1] {
			out[1] = Conv(x, u, seq)
		}
		return out
	}, x, g)
}
