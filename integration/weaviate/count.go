package weaviate

import (
	"context"
	"iter"

	"github.com/google/uuid"
	"github.com/weaviate/weaviate-go-client/v5/weaviate/graphql"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
)

// namesPage is the objects of a page of Names.
const namesPage = 1000

// Count gives the number of objects of the collection's active tenants, or of the one tenant; -1 where it is not known.
func (s *Source) Count(ctx context.Context) (int, error) {
	awake, _, err := s.tenants(ctx)
	if err != nil {
		return -1, err
	}
	total := 0
	for _, tenant := range awake {
		n, err := s.countOf(ctx, tenant)
		if err != nil || n < 0 {
			return -1, err
		}
		total += n
	}
	return total, nil
}

// Counts gives the number of objects of each tenant, -1 where it is not known, as of one that is not active. Errors: EUnavailable, EDenied.
func (s *Source) Counts(ctx context.Context) (map[string]int, error) {
	awake, asleep, err := s.tenants(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, tenant := range asleep {
		counts[tenant] = -1
	}
	for _, tenant := range awake {
		if counts[tenant], err = s.countOf(ctx, tenant); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// countOf counts one tenant's objects; -1 where there is an error of GraphQL, such as of a tenant that went to sleep.
func (s *Source) countOf(ctx context.Context, tenant string) (int, error) {
	q := s.api.GraphQL().Aggregate().WithClassName(s.c.Collection).WithFields(graphql.Field{Name: "meta", Fields: []graphql.Field{{Name: "count"}}})
	if tenant != "" {
		q = q.WithTenant(tenant)
	}
	r, err := q.Do(ctx)
	if err != nil {
		return -1, s.fault("weaviate.Count", err)
	}
	return count(r, s.c.Collection), nil
}

// count digs the number out of {"Aggregate":{"Collection":[{"meta":{"count":12}}]}}; -1 where it is not there.
func count(r *models.GraphQLResponse, collection string) int {
	rows := rows(r, "Aggregate", collection)
	if len(rows) != 1 || len(r.Errors) > 0 {
		return -1
	}
	meta, _ := rows[0]["meta"].(map[string]any)
	n, ok := meta["count"].(float64)
	if !ok {
		return -1
	}
	return int(n)
}

// rows digs the objects out of {"Get":{"Collection":[{...}]}}.
func rows(r *models.GraphQLResponse, function, collection string) []map[string]any {
	of, _ := r.Data[function].(map[string]any)
	list, _ := of[collection].([]any)
	var rows []map[string]any
	for _, one := range list {
		if row, ok := one.(map[string]any); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

// Names walks the ids of a tenant's objects, in their order, without reading the texts over the wire. Errors: EUnavailable (also of a tenant that is not
// active), EDenied.
func (s *Source) Names(ctx context.Context, tenant string) iter.Seq2[perk.DocumentID, error] {
	return func(yield func(perk.DocumentID, error) bool) {
		for after := uuid.Nil.String(); ; {
			page, err := s.names(ctx, tenant, after)
			if err != nil {
				yield(perk.DocumentID{}, err)
				return
			}
			for _, after = range page {
				if !yield(perk.DocumentID{Collection: s.c.Collection, Tenant: tenant, UUID: after}, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (s *Source) names(ctx context.Context, tenant, after string) ([]string, error) {
	q := s.api.GraphQL().Get().WithClassName(s.c.Collection).WithLimit(namesPage).WithAfter(after).
		WithFields(graphql.Field{Name: "_additional", Fields: []graphql.Field{{Name: "id"}}})
	if tenant != "" {
		q = q.WithTenant(tenant)
	}
	r, err := q.Do(ctx)
	if err != nil {
		return nil, s.fault("weaviate.Names", err)
	}
	if len(r.Errors) > 0 {
		return nil, perk.Errorf(perk.EUnavailable, "weaviate.Names", "Weaviate: %s", r.Errors[0].Message)
	}
	var names []string
	for _, row := range rows(r, "Get", s.c.Collection) {
		additional, _ := row["_additional"].(map[string]any)
		if id, _ := additional["id"].(string); id != "" {
			names = append(names, id)
		}
	}
	return names, nil
}
