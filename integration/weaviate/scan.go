package weaviate

import (
	"context"
	"iter"

	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/walk"
	"github.com/perkdb/perk/internal/docref"
)

// Scan walks all objects in the order of tenant and uuid; see the package comment for cursors, pages and tenants.
func (s *Source) Scan(ctx context.Context, after string) iter.Seq2[perk.Scanned, error] {
	return func(yield func(perk.Scanned, error) bool) {
		for o, err := range s.objects(ctx, after) {
			if err != nil {
				yield(perk.Scanned{}, err)
				return
			}
			id := s.id(o)
			scanned := perk.Scanned{Document: perk.Document{ID: id, Text: s.text(o)}, Cursor: walk.Cursor(id.Tenant, id.UUID)}
			if !yield(scanned, s.keepRef(ctx, o)) {
				return
			}
		}
	}
}

func (s *Source) id(o *models.Object) perk.DocumentID {
	return perk.DocumentID{Collection: s.c.Collection, Tenant: o.Tenant, UUID: o.ID.String()}
}

// keepRef sets an object's key where it is not right, if the source is to; else it refuses an object whose key names another object.
func (s *Source) keepRef(ctx context.Context, o *models.Object) error {
	if _, there := o.Properties.(map[string]any); s.c.WriteRefs && there {
		_, err := s.writeRef(ctx, o)
		return err
	}
	id, ref := s.id(o), property(o, RefProperty)
	if name, _, _ := docref.Split(ref); name != "" && name != id.String() {
		return perk.Errorf(perk.EInvalid, "weaviate.Scan", "property %s of object %s holds %.80q, so that prompts would ask another document", RefProperty, id, ref).
			WithHint("`perk index --write-refs` mends it")
	}
	return nil
}

// objects walks the objects after a cursor. The first error ends it.
func (s *Source) objects(ctx context.Context, after string) iter.Seq2[*models.Object, error] {
	return func(yield func(*models.Object, error) bool) {
		tenants, _, err := s.tenants(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		walk.Collection[*models.Object]{
			Tenants: tenants, PageBytes: s.c.PageBytes, Page: s.page,
			Object: func(o *models.Object) (string, int) { return o.ID.String(), len(s.text(o)) },
			Left: func(ctx context.Context, tenant string) bool {
				left := s.left(ctx, tenant)
				if left {
					s.log.Warn().Str("tenant", tenant).Msg("a tenant went to sleep while it was scanned; the rest of it is passed over")
				}
				return left
			},
		}.Objects(ctx, after)(yield)
	}
}

// page reads the objects after a uuid: fewer than limit, if need be, so that the reply is not too large.
func (s *Source) page(ctx context.Context, tenant, after string, limit int) ([]*models.Object, error) {
	for {
		page, err := s.api.Data().ObjectsGetter().WithClassName(s.c.Collection).WithTenant(tenant).WithLimit(limit).WithAfter(after).Do(ctx)
		if tooLarge(err) && limit > 1 {
			limit = max(limit/4, 1)
			continue
		}
		for _, o := range page {
			o.Tenant = tenant // the server leaves it out of lists
		}
		return page, s.fault("weaviate.Scan", err)
	}
}
