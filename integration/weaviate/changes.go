package weaviate

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/weaviate/weaviate-go-client/v5/weaviate/filters"
	"github.com/weaviate/weaviate-go-client/v5/weaviate/graphql"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
)

// maxChanged is how many changes of one tenant are listed: Weaviate's QUERY_MAXIMUM_RESULTS unless somebody changed it.
const maxChanged = 10_000

// Changed lists the objects of active tenants that were written at or after a time of Weaviate's clock. Errors: EInvalid (the collection does not index times:
// invertedIndexConfig.indexTimestamps, which is fixed when it is created; or more than 10,000 objects of a tenant changed), EUnavailable, EDenied.
func (s *Source) Changed(ctx context.Context, since time.Time) iter.Seq2[perk.DocumentID, error] {
	return func(yield func(perk.DocumentID, error) bool) {
		class, err := s.class(ctx)
		if err == nil && (class.InvertedIndexConfig == nil || !class.InvertedIndexConfig.IndexTimestamps) {
			err = perk.Errorf(perk.EInvalid, "weaviate.Changed", "collection %s does not index times", s.c.Collection).
				WithHint("create it with invertedIndexConfig.indexTimestamps, or let whole passes find changes")
		}
		var tenants []string
		if err == nil {
			tenants, err = s.tenants(ctx)
		}
		if err != nil {
			yield(perk.DocumentID{}, err)
			return
		}
		for _, tenant := range tenants {
			ids, err := s.changedOf(ctx, tenant, since)
			if err != nil && tenant != "" && tenant != s.c.Tenant && s.asleep(ctx, tenant) {
				continue
			}
			if err != nil {
				yield(perk.DocumentID{}, err)
				return
			}
			for _, id := range ids {
				if !yield(perk.DocumentID{Collection: s.c.Collection, Tenant: tenant, UUID: id}, nil) {
					return
				}
			}
		}
	}
}

// changedOf lists one tenant's changed objects.
func (s *Source) changedOf(ctx context.Context, tenant string, since time.Time) ([]string, error) {
	const op = "weaviate.Changed"
	q := s.api.GraphQL().Get().WithClassName(s.c.Collection).WithLimit(maxChanged).
		WithFields(graphql.Field{Name: "_additional", Fields: []graphql.Field{{Name: "id"}}}).
		WithWhere(filters.Where().WithPath([]string{"_lastUpdateTimeUnix"}).WithOperator(filters.GreaterThanEqual).
			WithValueText(strconv.FormatInt(since.UnixMilli(), 10)))
	if tenant != "" {
		q = q.WithTenant(tenant)
	}
	r, err := q.Do(ctx)
	if err != nil {
		return nil, s.fault(op, err)
	}
	if len(r.Errors) > 0 {
		return nil, perk.Errorf(perk.EUnavailable, op, "Weaviate: %s", r.Errors[0].Message)
	}
	ids := uuids(r, s.c.Collection)
	if len(ids) >= maxChanged {
		return nil, perk.Errorf(perk.EInvalid, op, "%d objects or more changed", maxChanged).WithHint("make a whole pass")
	}
	return ids, nil
}

// uuids digs the ids out of {"Get":{"Collection":[{"_additional":{"id":"..."}}]}}.
func uuids(r *models.GraphQLResponse, collection string) []string {
	get, _ := r.Data["Get"].(map[string]any)
	rows, _ := get[collection].([]any)
	var out []string
	for _, row := range rows {
		object, _ := row.(map[string]any)
		additional, _ := object["_additional"].(map[string]any)
		if id, ok := additional["id"].(string); ok {
			out = append(out, id)
		}
	}
	return out
}

// Collections gives all the server's collections, each with its text properties.
func (c *Client) Collections(ctx context.Context) (map[string][]string, error) {
	schema, err := c.api.Schema().Getter().Do(ctx)
	if err != nil {
		return nil, c.fault("weaviate.Collections", err)
	}
	all := map[string][]string{}
	for _, class := range schema.Classes {
		all[class.Class] = texts(class)
	}
	return all, nil
}
