package weaviatemodule

import (
	"context"
	"iter"
	"strings"

	"github.com/google/uuid"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
)

// pageBytes is the text that a page of a scan aims at, and maxPage the objects that it has at most.
const (
	firstPage = 16
	maxPage   = 1000
	pageBytes = 8 << 20
)

// source is one class as a perk.Source, read in the server's own process. A class that was dropped has no documents.
type source struct {
	database
	class string
}

var _ perk.Source = (*source)(nil)

// Count says that the number is not known: counting would load every shard.
func (s *source) Count(context.Context) (int, error) { return -1, nil }

// Scan walks the objects of all active tenants in the order of tenant and uuid. The cursor is "uuid" or "tenant/uuid".
func (s *source) Scan(ctx context.Context, after string) iter.Seq2[perk.Scanned, error] {
	return func(yield func(perk.Scanned, error) bool) {
		c, err := s.database.class(s.class)
		if perk.ErrorCode(err) == perk.ENotFound {
			return
		}
		var tenants []string
		if err == nil {
			tenants, err = s.tenants(s.class, c)
		}
		if err != nil {
			yield(perk.Scanned{}, err)
			return
		}
		from, last := "", after
		if tenant, id, ok := strings.Cut(after, "/"); ok {
			from, last = tenant, id
		}
		for _, tenant := range tenants {
			if tenant < from {
				continue
			}
			if tenant > from {
				last = ""
			}
			more, err := s.scanTenant(ctx, c, tenant, last, yield)
			if err != nil && tenant != "" && s.checkTenant(perk.DocumentID{Collection: s.class, Tenant: tenant}, c) != nil {
				continue // it went to sleep or was removed meanwhile
			}
			if err != nil {
				yield(perk.Scanned{}, err)
			}
			if !more {
				return
			}
		}
	}
}

// scanTenant walks one tenant page by page; more is false when the scan ends here.
func (s *source) scanTenant(ctx context.Context, c classConfig, tenant, after string, yield func(perk.Scanned, error) bool) (more bool, err error) {
	if after == "" {
		after = uuid.Nil.String() // the order by uuid holds only where a cursor is given
	}
	for limit := firstPage; ; {
		if err := ctx.Err(); err != nil {
			return false, perk.E(perk.ECanceled, "weaviate.Scan", err)
		}
		page, err := s.page(ctx, s.class, tenant, after, limit)
		if err != nil {
			return false, err
		}
		bytes := 0
		for _, r := range page {
			id := perk.DocumentID{Collection: s.class, Tenant: tenant, UUID: r.ID.String()}
			after = id.UUID
			cursor := after
			if tenant != "" {
				cursor = tenant + "/" + after
			}
			text := objtext.Join(r.Schema, c.Properties)
			bytes += len(text) + 1024
			if !yield(perk.Scanned{Document: perk.Document{ID: id, Text: text}, Cursor: cursor}, nil) {
				return false, nil
			}
		}
		if len(page) < limit {
			return true, nil
		}
		limit = min(max(pageBytes*len(page)/bytes, 1), maxPage)
	}
}
