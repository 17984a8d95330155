package ad

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/perkdb/perk/internal/kernel"
)

// Program is the part of a Graph that some outputs need, compiled for gorgonia's tape machine.
type Program[T kernel.Float] struct {
	machine gorgonia.VM
	ops     []*operation[T] // that no earlier program of the graph has
}

// Compile prepares the outputs' part of the graph; what no output needs is never run.
//
// A graph may be compiled several times: a later program goes on from the last run of the earlier ones, whose operations it does not run again. So a
// gradient can be looked at before it is known what it will be multiplied with. Results that a later program reads stay alive between the runs; all programs are
// compiled before the first run, and a later one runs at most once after each run of an earlier one.
func (g *Graph[T]) Compile(outputs ...*Node[T]) (*Program[T], error) {
	p := &Program[T]{}
	used := make([]bool, len(g.nodes))
	var roots, leaves gorgonia.Nodes
	for _, o := range outputs {
		used[o.id] = true
		roots = append(roots, o.node)
		if o.op == nil {
			return nil, fmt.Errorf("ad: output %v is a leaf", o.node)
		}
		o.op.keep = true
	}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		switch {
		case !used[i]:
		case n.op == nil:
			leaves = append(leaves, n.node)
		default:
			for _, x := range n.op.in {
				used[x.id] = true
				if x.op != nil && !n.op.compiled {
					x.op.readers++
				}
			}
			if !n.op.compiled {
				n.op.compiled = true
				p.ops = append(p.ops, n.op)
			}
		}
	}
	prog, locations, err := gorgonia.CompileFunction(g.g, leaves, roots)
	if err != nil {
		return nil, fmt.Errorf("ad: compile %d operations: %w", len(p.ops), err)
	}
	p.machine = gorgonia.NewTapeMachine(g.g, gorgonia.WithPrecompiled(prog, locations))
	return p, nil
}

// Run computes the outputs from the present data of the leaves.
func (p *Program[T]) Run() error {
	for _, o := range p.ops {
		o.pending, o.done = o.readers, false
	}
	p.machine.Reset()
	if err := p.machine.RunAll(); err != nil {
		return fmt.Errorf("ad: run: %w", err)
	}
	return nil
}

// Ops is the number of operations of the program.
func (p *Program[T]) Ops() int { return len(p.ops) }

// Value gives the data (Rows*Cols) of an output of the last run; the next run overwrites it.
func (n *Node[T]) Value() []T { return n.data }

// Close releases the tape machine.
func (p *Program[T]) Close() error { return p.machine.Close() }
