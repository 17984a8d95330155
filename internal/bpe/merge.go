package bpe

import "unicode/utf8"

// symbol is a token of a piece while it is merged, in a doubly linked list over the piece's bytes.
type symbol struct{ id, prev, next int32 }

// merge applies the merges to one piece: of all pairs that can merge, the earliest learned, and of several such the leftmost, until none can.
func (t *Tokenizer) merge(p string) []int32 {
	if id, ok := t.whole[p]; ok {
		return []int32{id}
	}
	list := make([]symbol, 0, len(p))
	for width := 0; p != ""; p = p[width:] {
		id := int32(-1)
		if id, width = t.character(p); id < 0 {
			id, width = t.byteID[p[0]], 1
		}
		if n := int32(len(list)); id >= 0 {
			list = append(list, symbol{id, n - 1, n + 1})
		}
	}
	n := len(list)
	if n == 0 {
		return nil
	}
	list[n-1].next = -1
	var queue heap
	look := func(at int32) { // queue the pair that begins at a symbol
		if at < 0 || list[at].next < 0 {
			return
		}
		if rank, ok := t.ranks[pair{list[at].id, list[list[at].next].id}]; ok {
			queue.push(uint64(rank)<<32 | uint64(at))
		}
	}
	for i := range int32(n) {
		look(i)
	}
	for len(queue) > 0 {
		key := queue.pop()
		m, at := t.merges[key>>32], int32(key&0xffffffff)
		left := &list[at]
		if left.id != m.left || left.next < 0 || list[left.next].id != m.right {
			continue // one of the two has merged with another since
		}
		right := &list[left.next]
		left.id, left.next, right.id = m.id, right.next, -1
		if left.next >= 0 {
			list[left.next].prev = at
		}
		n--
		look(left.prev)
		look(at)
	}
	out := make([]int32, 0, n)
	for at := int32(0); at >= 0; at = list[at].next {
		out = append(out, list[at].id)
	}
	return out
}

// character gives the token of the character that a text begins with, -1 where it has none, and its width in bytes.
func (t *Tokenizer) character(text string) (id int32, width int) {
	if t.chars == nil {
		return -1, 0
	}
	r, n := utf8.DecodeRuneInString(text)
	if id, ok := t.chars[r]; ok && (r != utf8.RuneError || n > 1) {
		return id, n
	}
	return -1, 0
}

// heap is a binary heap with the smallest key on top. (container/heap would box every key.)
type heap []uint64

func (h *heap) push(key uint64) {
	q := append(*h, key)
	for i := len(q) - 1; i > 0 && q[i] < q[(i-1)/2]; i = (i - 1) / 2 {
		q[i], q[(i-1)/2] = q[(i-1)/2], q[i]
	}
	*h = q
}

func (h *heap) pop() uint64 {
	q := *h
	top, last := q[0], len(q)-1
	q[0] = q[last]
	q = q[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && q[child+1] < q[child] {
			child++
		}
		if child >= last || q[i] <= q[child] {
			break
		}
		q[i], q[child] = q[child], q[i]
		i = child
	}
	*h = q
	return top
}
