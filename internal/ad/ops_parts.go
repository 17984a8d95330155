package ad

import "github.com/perkdb/perk/internal/kernel"

// Rows gives rows [from, to) of a.
func Rows[T kernel.Float](a *Node[T], from, to int) *Node[T] {
	return a.graph.apply("Rows", to-from, a.Cols, func(out []T, in [][]T) {
		copy(out, in[0][from*a.Cols:to*a.Cols])
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{padRows(gy, from, a.Rows)} }, a)
}

// padRows puts a at row from of an otherwise zero node.
func padRows[T kernel.Float](a *Node[T], from, rows int) *Node[T] {
	return a.graph.apply("padRows", rows, a.Cols, func(out []T, in [][]T) {
		clear(out)
		copy(out[from*a.Cols:], in[0])
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Rows(gy, from, from+a.Rows)} }, a)
}

// Concat puts a and b side by side: (rows, a.Cols + b.Cols).
func Concat[T kernel.Float](a, b *Node[T]) *Node[T] {
	n := a.Cols + b.Cols
	return a.graph.apply("Concat", a.Rows, n, func(out []T, in [][]T) {
		for i := 0; i < a.Rows; i++ {
			copy(out[i*n:], in[0][i*a.Cols:(i+1)*a.Cols])
			copy(out[i*n+a.Cols:], in[1][i*b.Cols:(i+1)*b.Cols])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] {
		return []*Node[T]{Columns(gy, 0, a.Cols), Columns(gy, a.Cols, n)}
	}, a, b)
}

// Columns gives columns [from, to) of a.
func Columns[T kernel.Float](a *Node[T], from, to int) *Node[T] {
	w := to - from
	return a.graph.apply("Columns", a.Rows, w, func(out []T, in [][]T) {
		for i := 0; i < a.Rows; i++ {
			copy(out[i*w:(i+1)*w], in[0][i*a.Cols+from:])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{padColumns(gy, from, a.Cols)} }, a)
}

// padColumns puts a at column from of an otherwise zero node.
func padColumns[T kernel.Float](a *Node[T], from, cols int) *Node[T] {
	return a.graph.apply("padColumns", a.Rows, cols, func(out []T, in [][]T) {
		clear(out)
		for i := 0; i < a.Rows; i++ {
			copy(out[i*cols+from:], in[0][i*a.Cols:(i+1)*a.Cols])
		}
	}, func(gy *Node[T], _ []bool) []*Node[T] { return []*Node[T]{Columns(gy, from, from+a.Cols)} }, a)
}
