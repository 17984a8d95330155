package ad

import (
	"math/bits"

	"github.com/perkdb/perk/internal/kernel"
)

// Pool keeps the scratch buffers of one goroutine's programs by size class, so that programs for several shapes share memory and a
// run allocates next to nothing once it is warm.
type Pool[T kernel.Float] struct {
	free   map[int][][]T // by capacity
	floats int
}

// NewPool makes an empty pool.
func NewPool[T kernel.Float]() *Pool[T] { return &Pool[T]{free: map[int][][]T{}} }

// class rounds a size up to a quarter of a power of two, so that at most a fifth of a buffer is wasted.
func class(n int) int {
	if n < 64 {
		return 64
	}
	quarter := 1 << (bits.Len(uint(n-1)) - 3)
	return (n + quarter - 1) / quarter * quarter
}

func (p *Pool[T]) get(n int) []T {
	c := class(n)
	if l := p.free[c]; len(l) > 0 {
		b := l[len(l)-1]
		p.free[c] = l[:len(l)-1]
		return b[:n]
	}
	p.floats += c
	return make([]T, n, c)
}

// Floats is the number of elements of all buffers that the pool has made: what its programs hold together at the most.
func (p *Pool[T]) Floats() int { return p.floats }

func (p *Pool[T]) put(b []T) { p.free[cap(b)] = append(p.free[cap(b)], b) }
