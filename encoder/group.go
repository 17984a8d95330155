package encoder

import (
	"cmp"
	"slices"

	"github.com/perkdb/perk/internal/lm"
)

// grouped sorts the sequences by length and cuts them into groups of at most budget tokens, padding counted, or of one sequence where
// that alone is longer. Sequences of like length share a group, so that little is padded. The order depends on the lengths alone.
func (c *Chunks) grouped(budget int) [][]int {
	order := make([]int, len(c.spans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.spans[b].len(), c.spans[a].len()) })
	var groups [][]int
	for len(order) > 0 {
		width := c.spans[order[0]].len() + 1 // the longest comes first
		n := min(max(budget/width, 1), len(order))
		groups = append(groups, order[:n:n])
		order = order[n:]
	}
	return groups
}

// batch lays the named sequences out, one a row. The label has no loss on it, but the first token is predicted from it; each
// row's last token and the padding have no target.
func (c *Chunks) batch(members []int) lm.Batch {
	width := 0
	for _, i := range members {
		width = max(width, c.spans[i].len()+1)
	}
	b := lm.Batch{B: len(members), T: width, Tokens: make([]int32, len(members)*width), Targets: make([]int32, len(members)*width)}
	for row, i := range members {
		seq := c.Sequence(i)
		tokens, targets := b.Tokens[row*width:(row+1)*width], b.Targets[row*width:(row+1)*width]
		for j := range targets {
			targets[j] = -1
		}
		copy(tokens, seq)
		copy(targets, seq[1:])
	}
	return b
}
