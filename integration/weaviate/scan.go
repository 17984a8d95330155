package weaviate

import (
	"context"
	"iter"
	"strings"

	"github.com/google/uuid"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/docref"
)

const (
	firstPage = 16   // objects, before their size is known
	maxPage   = 1000 // objects
	overhead  = 1024 // bytes of an object beside its text, at a guess
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
			cursor := id.UUID
			if id.Tenant != "" {
				cursor = id.Tenant + "/" + id.UUID
			}
			scanned := perk.Scanned{Document: perk.Document{ID: id, Text: s.text(o)}, Cursor: cursor}
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
		tenants, err := s.tenants(ctx)
		if err != nil {
			yield(nil, err)
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
			more, err := s.tenantObjects(ctx, tenant, last, yield)
			if err != nil && tenant != "" && tenant != s.c.Tenant && s.asleep(ctx, tenant) {
				s.log.Warn().Str("tenant", tenant).Msg("a tenant went to sleep while it was scanned; the rest of it is passed over")
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// tenantObjects walks one tenant's objects page by page; more is false when the caller wants no more.
func (s *Source) tenantObjects(ctx context.Context, tenant, after string, yield func(*models.Object, error) bool) (more bool, err error) {
	if after == "" {
		after = uuid.Nil.String() // the order by uuid holds only where a cursor is given
	}
	for limit := firstPage; ; {
		page, err := s.api.Data().ObjectsGetter().WithClassName(s.c.Collection).WithTenant(tenant).WithLimit(limit).WithAfter(after).Do(ctx)
		if tooLarge(err) && limit > 1 {
			limit = max(limit/4, 1)
			continue
		}
		if err != nil {
			return false, s.fault("weaviate.Scan", err)
		}
		if len(page) == 0 {
			return true, nil
		}
		bytes := int64(0)
		for _, o := range page {
			bytes += int64(len(s.text(o)) + overhead)
			o.Tenant = tenant // the server leaves it out of lists
			after = o.ID.String()
			if !yield(o, nil) {
				return false, nil
			}
		}
		limit = int(min(max(s.c.PageBytes*int64(len(page))/bytes, 1), maxPage))
	}
}
