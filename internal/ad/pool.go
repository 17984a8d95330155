package ad

import "github.com/perkdb/perk/internal/kernel"

// Pool keeps the scratch buffers of one goroutine's programs by size, so that programs for several shapes share memory and a
// run allocates nothing once it is warm.
type Pool[T kernel.Float] struct {
	free     map[int][][]T
	elements int
}

// NewPool makes an empty pool.
func NewPool[T kernel.Float]() *Pool[T] { return &Pool[T]{free: map[int][][]T{}} }

// Elements is the number of values that the pool has ever allocated.
func (p *Pool[T]) Elements() int { return p.elements }

func (p *Pool[T]) get(n int) []T {
	if l := p.free[n]; len(l) > 0 {
		b := l[len(l)-1]
		p.free[n] = l[:len(l)-1]
		return b
	}
	p.elements += n
	return make([]T, n)
}

func (p *Pool[T]) put(b []T) { p.free[len(b)] = append(p.free[len(b)], b) }
