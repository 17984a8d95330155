package weaviatemodule

import (
	"context"
	"iter"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
	"github.com/perkdb/perk/integration/weaviate/walk"
)

// pageBytes is the text that a page of a scan aims at.
const pageBytes = 8 << 20

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
		objects := walk.Collection[perk.Scanned]{
			Tenants: tenants, PageBytes: pageBytes,
			Page: func(ctx context.Context, tenant, after string, limit int) ([]perk.Scanned, error) {
				return s.scanned(ctx, c, tenant, after, limit)
			},
			Object: func(o perk.Scanned) (string, int) { return o.Document.ID.UUID, len(o.Document.Text) },
			Left: func(_ context.Context, tenant string) bool {
				return s.checkTenant(perk.DocumentID{Collection: s.class, Tenant: tenant}, c) != nil
			},
		}
		objects.Objects(ctx, after)(yield)
	}
}

// scanned reads the objects after a uuid.
func (s *source) scanned(ctx context.Context, c classConfig, tenant, after string, limit int) ([]perk.Scanned, error) {
	if err := ctx.Err(); err != nil {
		return nil, perk.E(perk.ECanceled, "weaviate.Scan", err)
	}
	results, err := s.page(ctx, s.class, tenant, after, limit)
	var page []perk.Scanned
	for _, r := range results {
		id := perk.DocumentID{Collection: s.class, Tenant: tenant, UUID: r.ID.String()}
		page = append(page, perk.Scanned{Document: perk.Document{ID: id, Text: objtext.Join(r.Schema, c.Properties)}, Cursor: walk.Cursor(tenant, id.UUID)})
	}
	return page, err
}
