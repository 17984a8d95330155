package ad

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/perkdb/perk/internal/kernel"
)

// operation is the gorgonia.Op behind every non-leaf node. Its result lives in a buffer of the pool from the moment it is computed until its last
// reader has run; the tape machine itself would keep every value until the end.
type operation[T kernel.Float] struct {
	name     string
	hash     uint32 // unique in the graph, so that gorgonia never merges two nodes
	in       []*Node[T]
	out      *Node[T]
	forward  forward[T]
	backward backward[T]
	pool     *Pool[T]

	compiled bool // part of a program
	readers  int  // operations of the compiled programs that read the result
	pending  int  // of these, how many have not run yet
	keep     bool // an output: never recycled
	done     bool // run since the program that it belongs to was started
	value    gorgonia.Value
	args     [][]T
}

// Do runs the operation; gorgonia's tape machine calls it in dependency order.
func (o *operation[T]) Do(...gorgonia.Value) (gorgonia.Value, error) {
	if o.done {
		return o.value, nil // an earlier program has run it
	}
	if o.out.data == nil {
		o.out.data = o.pool.get(o.out.Rows * o.out.Cols)
	}
	o.args = o.args[:0]
	for _, x := range o.in {
		if x.data == nil {
			return nil, fmt.Errorf("%v: the result of %v is gone: run the earlier program anew", o, x.op)
		}
		o.args = append(o.args, x.data)
	}
	o.forward(o.out.data, o.args)
	for _, x := range o.in {
		x.release()
	}
	o.value, o.done = tensor.New(tensor.WithShape(o.out.Rows, o.out.Cols), tensor.WithBacking(o.out.data)), true
	return o.value, nil
}

// release notes that one reader of the node is done and recycles its buffer after the last.
func (n *Node[T]) release() {
	if n.op == nil {
		return
	}
	if n.op.pending--; n.op.pending == 0 && !n.op.keep {
		n.graph.pool.put(n.data)
		n.data = nil
	}
}

func matrixType[T kernel.Float]() gorgonia.TensorType {
	var zero T
	dtype := tensor.Float32
	if _, ok := any(zero).(float64); ok {
		dtype = tensor.Float64
	}
	return gorgonia.TensorType{Dims: 2, Of: dtype}
}

// Type is matrix -> ... -> matrix.
func (o *operation[T]) Type() hm.Type {
	types := make([]hm.Type, len(o.in)+1)
	for i := range types {
		types[i] = matrixType[T]()
	}
	return hm.NewFnType(types...)
}

// InferShape gives the shape that was fixed when the operation was added.
func (o *operation[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{o.out.Rows, o.out.Cols}, nil
}

// Arity is the number of inputs.
func (o *operation[T]) Arity() int { return len(o.in) }

// ReturnsPtr is false: the tape machine must not reuse a result's register.
func (o *operation[T]) ReturnsPtr() bool { return false }

// CallsExtern is false: the kernels are Go and Go assembler.
func (o *operation[T]) CallsExtern() bool { return false }

// OverwritesInput is -1: no operation works in place.
func (o *operation[T]) OverwritesInput() int { return -1 }

// WriteHash writes the operation's own number.
func (o *operation[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "perk %d", o.hash) }

// Hashcode is the operation's own number.
func (o *operation[T]) Hashcode() uint32 { return o.hash }

// String is the operation's name, for error messages.
func (o *operation[T]) String() string { return fmt.Sprintf("%s#%d", o.name, o.hash) }
