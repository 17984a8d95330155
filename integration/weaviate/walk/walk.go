// Package walk reads all objects of a collection page by page: tenant by tenant, each in the order of the uuids. What reads a page, over HTTP or inside the
// server, is the caller's.
package walk

import (
	"context"
	"iter"
	"strings"

	"github.com/google/uuid"
)

const (
	firstPage = 16   // objects, before their size is known
	maxPage   = 1000 // objects
	overhead  = 1024 // bytes of an object beside its text, at a guess
)

// Collection is what is walked. T is the caller's form of an object.
type Collection[T any] struct {
	Tenants   []string // sorted; a collection without tenants has the one tenant ""
	PageBytes int64    // bytes of text that a page aims at
	// Page reads some objects after a uuid, in their order and at most limit of them; none when there are no more.
	Page func(ctx context.Context, tenant, after string, limit int) ([]T, error)
	// Object gives an object's uuid and the bytes of its text.
	Object func(T) (uuid string, bytes int)
	// Left says whether a page failed because the tenant went to sleep or was removed meanwhile; the rest of it is then passed over.
	Left func(ctx context.Context, tenant string) bool
}

// Cursor names the place behind an object: "uuid" or "tenant/uuid".
func Cursor(tenant, uuid string) string {
	if tenant == "" {
		return uuid
	}
	return tenant + "/" + uuid
}

// Objects walks the objects behind a cursor; "" is the start. The first error ends it, with the zero object.
func (c Collection[T]) Objects(ctx context.Context, cursor string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		from, last := "", cursor
		if tenant, id, ok := strings.Cut(cursor, "/"); ok {
			from, last = tenant, id
		}
		for _, tenant := range c.Tenants {
			if tenant < from {
				continue
			}
			if tenant > from {
				last = ""
			}
			more, err := c.tenant(ctx, tenant, last, yield)
			if err != nil && !(tenant != "" && c.Left(ctx, tenant)) {
				var none T
				yield(none, err)
				return
			}
			if err == nil && !more {
				return
			}
		}
	}
}

// tenant walks one tenant; more is false when the caller wants no more.
func (c Collection[T]) tenant(ctx context.Context, tenant, after string, yield func(T, error) bool) (more bool, err error) {
	if after == "" {
		after = uuid.Nil.String() // the order by uuid holds only where a cursor is given
	}
	for limit := firstPage; ; {
		page, err := c.Page(ctx, tenant, after, limit)
		if err != nil || len(page) == 0 {
			return true, err
		}
		total := int64(0)
		for _, o := range page {
			id, bytes := c.Object(o)
			total += int64(bytes + overhead)
			after = id
			if !yield(o, nil) {
				return false, nil
			}
		}
		limit = int(min(max(c.PageBytes*int64(len(page))/total, 1), maxPage))
	}
}
