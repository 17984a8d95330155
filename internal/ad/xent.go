package ad

import "github.com/perkdb/perk/internal/kernel"

// headRows is how many rows of logits are alive at once: 64 rows of a few thousand values stay in the second-level cache. Those of a large vocabulary do not, and there it
// counts that the embedding is packed once for many rows.
func headRows(vocab int) int {
	if vocab > 1<<14 {
		return 256
	}
	return 64
}

// Head is a tied output head with cross-entropy: logits Z = Scale * H E^T for H (rows, d) and E (vocab, d), targets y. Logits are
// recomputed block by block wherever they are needed, so that a (rows, vocab) matrix never exists.
type Head[T kernel.Float] struct {
	Scale   T
	Targets []int32 // one a row, negative: no loss on it; the caller may change them between runs
}

// live gives the number of rows of the block from r0, up to its last one with a target: padding at the end costs nothing.
func (hd Head[T]) live(r0, most int) int {
	n := min(most, len(hd.Targets)-r0)
	for n > 0 && hd.Targets[r0+n-1] < 0 {
		n--
	}
	return n
}

// blocks computes, block by block, R = softmax(Z) - onehot(y) and calls f with the block's first row, its number of rows, R and a scratch of R's size.
func (hd Head[T]) blocks(g *Graph[T], h, e []T, d int, f func(r0, n int, r, scratch []T)) {
	v := len(e) / d
	most := headRows(v)
	z := make([]T, min(most, len(hd.Targets))*v)
	scratch := make([]T, len(z))
	for r0 := 0; r0 < len(hd.Targets); r0 += most {
		if n := hd.live(r0, most); n > 0 {
			hd.residual(g, h[r0*d:], e, n, d, hd.Targets[r0:r0+n], z)
			f(r0, n, z[:n*v], scratch[:n*v])
		}
	}
}

// residual fills z with softmax(Scale * h e') - onehot(y) for n rows, 0 in a row without a target.
func (hd Head[T]) residual(g *Graph[T], h, e []T, n, d int, y []int32, z []T) {
	v := len(e) / d
	g.gemm(false, true, n, v, d, h, d, e, d, 0, z, v)
	for i := 0; i < n; i++ {
		row := z[i*v : (i+1)*v]
		if y[i] < 0 {
			clear(row)
			continue
		}
		scale(row, hd.Scale, row)
		softmax(row, row)
		row[y[i]]--
	}
}

// Nll gives the (rows, 1) negative log-likelihoods of the targets, nats; 0 in a row without one.
func (hd Head[T]) Nll(h, e *Node[T]) *Node[T] {
	d, v := h.Cols, e.Rows
	return h.graph.apply("Nll", h.Rows, 1, func(out []T, in [][]T) {
		most := headRows(v)
		z := make([]T, min(most, h.Rows)*v)
		clear(out)
		for r0 := 0; r0 < h.Rows; r0 += most {
			n := hd.live(r0, most)
			h.graph.gemm(false, true, n, v, d, in[0][r0*d:], d, in[1], d, 0, z, v)
			for i := 0; i < n; i++ {
				if y := hd.Targets[r0+i]; y >= 0 {
					row := z[i*v : (i+1)*v]
					scale(row, hd.Scale, row)
					right := row[y]
					out[r0+i] = softmax(row, row) - right
				}
			}
		}
	}, func(gy *Node[T], need []bool) []*Node[T] {
		g := make([]*Node[T], 2)
		if need[0] && !need[1] { // the inner loop: the base is frozen
			g[0] = hd.hiddenGrad(h, e, gy)
			return g
		}
		both := hd.bothGrads(h, e, gy)
		return []*Node[T]{Rows(both, 0, h.Rows), Rows(both, h.Rows, h.Rows+v)}
	}, h, e)
}

// bothGrads gives d/dH and, below it, d/dE of sum(w * Nll): (rows + vocab, d).
func (hd Head[T]) bothGrads(h, e, w *Node[T]) *Node[T] {
	d, v := h.Cols, e.Rows
	return h.graph.apply("headGrads", h.Rows+v, d, func(out []T, in [][]T) {
		dh, de := out[:h.Rows*d], out[h.Rows*d:]
		clear(out)
		hd.blocks(h.graph, in[0], in[1], d, func(r0, n int, r, _ []T) {
			for i := 0; i < n; i++ {
				scale(r[i*v:(i+1)*v], hd.Scale*in[2][r0+i], r[i*v:(i+1)*v])
			}
			h.graph.gemm(false, false, n, d, v, r, v, in[1], d, 0, dh[r0*d:], d)
			h.graph.gemm(true, false, v, d, n, r, v, in[0][r0*d:], d, 1, de, d)
		})
	}, nil, h, e, w)
}

// hiddenGrad gives G = d/dH sum(w * Nll) = Scale * diag(w) R E, (rows, d); it can be differentiated once more, in H, E and w.
func (hd Head[T]) hiddenGrad(h, e, w *Node[T]) *Node[T] {
	d, v := h.Cols, e.Rows
	return h.graph.apply("hiddenGrad", h.Rows, d, func(out []T, in [][]T) {
		clear(out)
		hd.blocks(h.graph, in[0], in[1], d, func(r0, n int, r, _ []T) {
			h.graph.gemm(false, false, n, d, v, r, v, in[1], d, 0, out[r0*d:], d)
			for i := r0; i < r0+n; i++ {
				scale(out[i*d:(i+1)*d], hd.Scale*in[2][i], out[i*d:(i+1)*d])
			}
		})
	}, func(u *Node[T], need []bool) []*Node[T] {
		n := h.Rows
		all := hd.hiddenGradVJP(h, e, w, u, need[1])
		g := []*Node[T]{Rows(all, 0, n), nil, Columns(Rows(all, n, 2*n), 0, 1)}
		if need[1] {
			g[1] = Rows(all, 2*n, 2*n+v)
		}
		return g
	}, h, e, w)
}

// hiddenGradVJP gives, stacked, the adjoints of H (rows, d), w (rows, d; in column 0) and, where the embedding learns, E (vocab, d) of hiddenGrad for the adjoint U of its result:
//
//	dw = Scale * rowdot(R E, U);  dE = Scale * (diag(w) R)^T U;  dR = Scale * diag(w) U E^T
//	dZ = P * (dR - rowdot(P, dR));  dH = Scale * dZ E;  dE += Scale * dZ^T H
func (hd Head[T]) hiddenGradVJP(h, e, w, u *Node[T], learns bool) *Node[T] {
	d, v := h.Cols, e.Rows
	rows, height := h.Rows, 2*h.Rows
	if learns {
		height += v
	}
	return h.graph.apply("hiddenGradVJP", height, d, func(out []T, in [][]T) {
		hidden, embed, weight, adj := in[0], in[1], in[2], in[3]
		dh, dw, de := out[:rows*d], out[rows*d:2*rows*d], out[2*rows*d:]
		clear(out)
		scaled := make([]T, min(headRows(v), rows)*d)
		hd.blocks(h.graph, hidden, embed, d, func(r0, n int, r, dz []T) {
			h.graph.gemm(false, true, n, v, d, adj[r0*d:], d, embed, d, 0, dz, v) // U E^T
			for i := 0; i < n; i++ {
				w := weight[r0+i]
				row, a := r[i*v:(i+1)*v], dz[i*v:(i+1)*v]
				dw[(r0+i)*d] = hd.Scale * dot(row, a)
				scale(scaled[i*d:(i+1)*d], hd.Scale*w, adj[(r0+i)*d:(r0+i+1)*d])
			}
			if learns {
				h.graph.gemm(true, false, v, d, n, r, v, scaled, d, 1, de, d)
			}
			for i := 0; i < n; i++ {
				row, a := r[i*v:(i+1)*v], dz[i*v:(i+1)*v]
				if y := hd.Targets[r0+i]; y >= 0 {
					row[y]++ // R back to P
				}
				softmaxGrad(a, row, a)
				scale(a, hd.Scale*hd.Scale*weight[r0+i], a)
			}
			h.graph.gemm(false, false, n, d, v, dz, v, embed, d, 0, dh[r0*d:], d)
			if learns {
				h.graph.gemm(true, false, v, d, n, dz, v, hidden[r0*d:], d, 1, de, d)
			}
		})
	}, nil, h, e, w, u)
}
