package lm

import "github.com/perkdb/perk/internal/kernel"

// attnBlock is the number of query rows taken at once: later keys are masked, so blocks spare the upper triangle of the scores.
const attnBlock = 64

// heads is the layout of one attention: row r of q has heads·width floats, row r of k and v kvHeads·width.
type heads struct{ heads, kvHeads, width int }

func (c Config) layout() heads { return heads{c.Heads, c.KVHeads, c.headDim()} }

// attend computes causal attention for one sequence of T rows: o = softmax(q kᵀ) v for every head. p (heads, T, T) keeps
// the probabilities; entries to the right of a block's last row are undefined.
func (h heads) attend(o, p, q, k, v []float32, T int) {
	dim, kvd := h.heads*h.width, h.kvHeads*h.width
	for i := range h.heads {
		qo, ko := i*h.width, i/(h.heads/h.kvHeads)*h.width
		for r := 0; r < T; r += attnBlock {
			rows := min(attnBlock, T-r)
			cols := r + rows
			ps := p[(i*T+r)*T:]
			kernel.Gemm(false, true, rows, cols, h.width, q[r*dim+qo:], dim, k[ko:], kvd, 0, ps, T)
			for j := range rows {
				causalSoftmax(ps[j*T:j*T+cols], r+j+1)
			}
			kernel.Gemm(false, false, rows, h.width, cols, ps, T, v[ko:], kvd, 0, o[r*dim+qo:], dim)
		}
	}
}

// causalSoftmax takes the softmax of the first n scores and sets the others to zero.
func causalSoftmax(row []float32, n int) {
	kernel.Softmax(row[:n], row[:n])
	clear(row[n:])
}

// attendGrad computes dq, dk and dv of one sequence from do and what attend saw. ds (attnBlock, T) is scratch.
func (h heads) attendGrad(dq, dk, dv, do, p, q, k, v, ds []float32, T int) {
	dim, kvd := h.heads*h.width, h.kvHeads*h.width
	clear(dk[:T*kvd])
	clear(dv[:T*kvd])
	for i := range h.heads {
		qo, ko := i*h.width, i/(h.heads/h.kvHeads)*h.width
		for r := 0; r < T; r += attnBlock {
			rows := min(attnBlock, T-r)
			cols := r + rows
			ps, dos := p[(i*T+r)*T:], do[r*dim+qo:]
			kernel.Gemm(true, false, cols, h.width, rows, ps, T, dos, dim, 1, dv[ko:], kvd)
			kernel.Gemm(false, true, rows, cols, h.width, dos, dim, v[ko:], kvd, 0, ds, T)
			for j := range rows {
				row, n := ds[j*T:j*T+cols], r+j+1
				kernel.SoftmaxGrad(row[:n], ps[j*T:j*T+n], row[:n])
				clear(row[n:])
			}
			kernel.Gemm(false, false, rows, h.width, cols, ds, T, k[ko:], kvd, 0, dq[r*dim+qo:], dim)
			kernel.Gemm(true, false, cols, h.width, rows, ds, T, q[r*dim+qo:], dim, 1, dk[ko:], kvd)
		}
	}
}
