package reasoner

import (
	"container/list"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// loaded is an adapter in memory, ready for use.
type loaded struct {
	info    perk.AdapterInfo
	adapted *lm.Adapted
	bytes   int64
}

// cache keeps the adapters used last, at most limit bytes of them. An adapter larger than that is not kept.
type cache struct {
	mu    sync.Mutex
	limit int64
	bytes int64
	order *list.List // of *loaded, the last used first
	byKey map[perk.AdapterKey]*list.Element
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, order: list.New(), byKey: map[perk.AdapterKey]*list.Element{}}
}

// get finds an adapter of the given payload digest. One of another digest is dropped: it was replaced.
func (c *cache) get(k perk.AdapterKey, digest perk.Hash) *loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[k]
	if e == nil {
		return nil
	}
	l := e.Value.(*loaded)
	if l.info.Digest != digest {
		c.remove(e)
		return nil
	}
	c.order.MoveToFront(e)
	return l
}

// put keeps an adapter in place of an older one of its key and drops those used longest ago until the limit holds.
func (c *cache) put(l *loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[l.info.Key]; e != nil {
		c.remove(e)
	}
	if l.bytes > c.limit {
		return
	}
	c.byKey[l.info.Key] = c.order.PushFront(l)
	c.bytes += l.bytes
	for c.bytes > c.limit {
		c.remove(c.order.Back())
	}
}

// drop forgets a key.
func (c *cache) drop(k perk.AdapterKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byKey[k]; e != nil {
		c.remove(e)
	}
}

func (c *cache) remove(e *list.Element) {
	l := c.order.Remove(e).(*loaded)
	delete(c.byKey, l.info.Key)
	c.bytes -= l.bytes
}
