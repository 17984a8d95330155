package ad

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/perkdb/perk/internal/kernel"
)

// Graph is a differentiable program under construction. T is float32 for training and float64 for gradient checks.
type Graph[T kernel.Float] struct {
	// Rounded says that products of float32 matrices, but for attention's, round both sides to bfloat16 (mixed precision): set it before the first operation.
	Rounded bool

	g     *gorgonia.ExprGraph
	nodes []*Node[T]
	pool  *Pool[T]
}

// Node is a (Rows, Cols) row-major matrix of a Graph: a leaf, whose data the caller owns, or the result of an operation.
type Node[T kernel.Float] struct {
	Rows, Cols int

	graph *Graph[T]
	id    int // position in graph.nodes: inputs come before their users
	node  *gorgonia.Node
	op    *operation[T] // nil: a leaf
	data  []T           // a leaf's data, or the operation's result while it is alive
}

// NewGraph makes an empty graph whose programs take their scratch memory from the pool.
func NewGraph[T kernel.Float](pool *Pool[T]) *Graph[T] {
	return &Graph[T]{g: gorgonia.NewGraph(), pool: pool}
}

// Leaf adds an input or parameter. The program reads data at every run, so the caller changes an input by writing into it.
func (g *Graph[T]) Leaf(name string, rows, cols int, data []T) *Node[T] {
	if len(data) != rows*cols {
		panic(fmt.Sprintf("ad: leaf %s has %d values, want %d x %d", name, len(data), rows, cols))
	}
	value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	n := gorgonia.NewMatrix(g.g, value.Dtype(), gorgonia.WithShape(rows, cols), gorgonia.WithValue(value),
		gorgonia.WithName(fmt.Sprintf("%s#%d", name, len(g.nodes))))
	return g.add(&Node[T]{Rows: rows, Cols: cols, node: n, data: data})
}

// Constant adds a leaf filled with one value.
func (g *Graph[T]) Constant(rows, cols int, value T) *Node[T] {
	data := make([]T, rows*cols)
	for i := range data {
		data[i] = value
	}
	return g.Leaf("constant", rows, cols, data)
}

func (g *Graph[T]) add(n *Node[T]) *Node[T] {
	n.graph, n.id = g, len(g.nodes)
	g.nodes = append(g.nodes, n)
	return n
}

// forward computes an operation's result from its inputs' data. out holds arbitrary values before.
type forward[T kernel.Float] func(out []T, in [][]T)

// backward gives the adjoints of the inputs from the adjoint gy of the result; need tells which are wanted, the others may be nil.
type backward[T kernel.Float] func(gy *Node[T], need []bool) []*Node[T]

// apply adds an operation. A nil backward means that the operation cannot be differentiated.
func (g *Graph[T]) apply(name string, rows, cols int, f forward[T], b backward[T], in ...*Node[T]) *Node[T] {
	n := &Node[T]{Rows: rows, Cols: cols}
	n.op = &operation[T]{name: name, hash: uint32(len(g.nodes)), in: in, out: n, forward: f, backward: b, pool: g.pool}
	children := make([]*gorgonia.Node, len(in))
	for i, x := range in {
		if x.graph != g {
			panic("ad: " + name + " mixes two graphs")
		}
		children[i] = x.node
	}
	node, err := gorgonia.ApplyOp(n.op, children...)
	if err != nil {
		panic(fmt.Sprintf("ad: %s: %v", name, err))
	}
	if node.Op() != gorgonia.Op(n.op) {
		panic("ad: the graph merged " + name + " with another operation")
	}
	n.node = node
	return g.add(n)
}

// Graph is the graph that the node belongs to.
func (n *Node[T]) Graph() *Graph[T] { return n.graph }
