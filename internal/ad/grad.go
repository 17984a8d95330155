package ad

import "github.com/perkdb/perk/internal/kernel"

// Grad adds the gradient of the scalar (1, 1) loss with respect to each of wrt to the graph and returns its nodes, nil where the loss does not depend on
// the node. The result is part of the graph like any other node: it may be used in another loss and differentiated again.
func Grad[T kernel.Float](loss *Node[T], wrt ...*Node[T]) []*Node[T] {
	if loss.Rows != 1 || loss.Cols != 1 {
		panic("ad: Grad of a node that is not 1 x 1")
	}
	g := loss.graph
	depends := make([]bool, loss.id+1) // on any of wrt: no adjoint is built for frozen weights
	for _, w := range wrt {
		if w.id <= loss.id {
			depends[w.id] = true
		}
	}
	for i := range depends {
		if op := g.nodes[i].op; op != nil {
			for _, x := range op.in {
				depends[i] = depends[i] || depends[x.id]
			}
		}
	}
	adjoint := make([]*Node[T], loss.id+1)
	if depends[loss.id] {
		adjoint[loss.id] = g.Constant(1, 1, 1)
	}
	for i := loss.id; i >= 0; i-- {
		n := g.nodes[i]
		if adjoint[i] == nil || n.op == nil {
			continue
		}
		need := make([]bool, len(n.op.in))
		any := false
		for j, x := range n.op.in {
			need[j] = depends[x.id]
			any = any || need[j]
		}
		if !any {
			continue
		}
		if n.op.backward == nil {
			panic("ad: " + n.op.name + " has no derivative")
		}
		for j, gx := range n.op.backward(adjoint[i], need) {
			x := n.op.in[j]
			switch {
			case !need[j] || gx == nil:
			case adjoint[x.id] == nil:
				adjoint[x.id] = gx
			default:
				adjoint[x.id] = Add(adjoint[x.id], gx)
			}
		}
	}
	out := make([]*Node[T], len(wrt))
	for i, w := range wrt {
		if w.id <= loss.id {
			out[i] = adjoint[w.id]
		}
	}
	return out
}
