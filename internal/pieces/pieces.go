// Package pieces has what every tokenizer of merged pieces needs, whatever its rules: a cache of the pieces' ids, and the way back from ids to text.
package pieces

import (
	"strings"
	"sync/atomic"
)

const (
	slots   = 1 << 16
	longest = 1 << 6 // bytes; longer pieces are rare, and a cache of them would not be bounded
)

// Cache remembers the ids of pieces of text: a direct-mapped table, where a new piece replaces the old one, is bounded and needs no lock. It may be
// shared by goroutines.
type Cache struct {
	merge func(piece string) []int32
	slots []atomic.Pointer[entry]
}

type entry struct {
	piece string
	ids   []int32
}

// NewCache makes a cache of what merge gives, which must depend on the piece alone.
func NewCache(merge func(piece string) []int32) *Cache {
	return &Cache{merge: merge, slots: make([]atomic.Pointer[entry], slots)}
}

// IDs gives the ids of one piece, from the cache where it is there. The result must not be changed.
func (c *Cache) IDs(piece string) []int32 {
	if len(piece) > longest {
		return c.merge(piece)
	}
	h := uint32(2166136261) // FNV-1a
	for i := range len(piece) {
		h = (h ^ uint32(piece[i])) * 16777619
	}
	slot := &c.slots[(h^h>>16)%slots]
	if e := slot.Load(); e != nil && e.piece == piece {
		return e.ids
	}
	// The clone keeps the cache from holding on to a caller's whole document.
	e := &entry{piece: strings.Clone(piece), ids: c.merge(piece)}
	slot.Store(e)
	return e.ids
}

// Join gives the text of ids, that of each in texts by id. Ids outside it are dropped.
func Join(texts []string, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id >= 0 && int(id) < len(texts) {
			b.WriteString(texts[id])
		}
	}
	return b.String()
}
