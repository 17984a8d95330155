package engine

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

// contents knows which documents' adapters were written from which text. It is read from the store when it is first asked, because most
// processes never are; about 200 bytes a document.
type contents struct {
	mu   sync.Mutex
	of   map[perk.DocumentID]perk.Hash // nil before the first question
	docs map[perk.Hash][]perk.DocumentID
}

// find gives the documents of a text; list is the store's.
func (c *contents) find(content perk.Hash, list iter.Seq2[perk.AdapterInfo, error]) ([]perk.DocumentID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of, c.docs = map[perk.DocumentID]perk.Hash{}, map[perk.Hash][]perk.DocumentID{}
		for info, err := range list {
			if err != nil {
				c.of = nil
				return nil, err
			}
			c.set(info.Key.Document, info.Content)
		}
	}
	found := slices.Clone(c.docs[content])
	slices.SortFunc(found, func(a, b perk.DocumentID) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.UUID, b.UUID))
	})
	return found[:min(len(found), plugin.MaxFound)], nil
}

// put is told after an adapter was stored, and drop after a document's were removed.
func (c *contents) put(id perk.DocumentID, content perk.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of != nil {
		c.unset(id)
		c.set(id, content)
	}
}

func (c *contents) drop(id perk.DocumentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of != nil {
		c.unset(id)
	}
}

func (c *contents) set(id perk.DocumentID, content perk.Hash) {
	c.of[id] = content
	c.docs[content] = append(c.docs[content], id)
}

func (c *contents) unset(id perk.DocumentID) {
	old, ok := c.of[id]
	if !ok {
		return
	}
	delete(c.of, id)
	c.docs[old] = slices.DeleteFunc(c.docs[old], func(d perk.DocumentID) bool { return d == id })
	if len(c.docs[old]) == 0 {
		delete(c.docs, old)
	}
}

// own lists the adapters of the engine's own model and recipe.
func (e *Engine) own(ctx context.Context) iter.Seq2[perk.AdapterInfo, error] {
	return func(yield func(perk.AdapterInfo, error) bool) {
		for info, err := range e.store.List(ctx, "") {
			if err == nil && info.Key != e.enc.Key(info.Key.Document) {
				continue
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// Find implements plugin.Module.
func (e *Engine) Find(ctx context.Context, content perk.Hash) ([]perk.DocumentID, error) {
	return e.contents.find(content, e.own(ctx))
}
