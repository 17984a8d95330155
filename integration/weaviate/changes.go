package weaviate

import (
	"context"
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
func (s *Source) Changed(ctx context.Context, since time.Time, each func(id perk.DocumentID, at time.Time)) error {
	class, err := s.class(ctx)
	if err != nil {
		return err
	}
	if class.InvertedIndexConfig == nil || !class.InvertedIndexConfig.IndexTimestamps {
		return perk.Errorf(perk.EInvalid, "weaviate.Changed", "collection %s does not index times", s.c.Collection).
			WithHint("create it with invertedIndexConfig.indexTimestamps, or let whole passes find changes")
	}
	tenants, _, err := s.tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		if err := s.changedOf(ctx, tenant, since, each); err != nil && !s.left(ctx, tenant) {
			return err
		}
	}
	return nil
}

// changedOf lists one tenant's changed objects.
func (s *Source) changedOf(ctx context.Context, tenant string, since time.Time, each func(perk.DocumentID, time.Time)) error {
	const op = "weaviate.Changed"
	q := s.api.GraphQL().Get().WithClassName(s.c.Collection).WithLimit(maxChanged).
		WithFields(graphql.Field{Name: "_additional", Fields: []graphql.Field{{Name: "id"}, {Name: "lastUpdateTimeUnix"}}}).
		WithWhere(filters.Where().WithPath([]string{"_lastUpdateTimeUnix"}).WithOperator(filters.GreaterThanEqual).
			WithValueText(strconv.FormatInt(since.UnixMilli(), 10)))
	if tenant != "" {
		q = q.WithTenant(tenant)
	}
	r, err := q.Do(ctx)
	if err != nil {
		return s.fault(op, err)
	}
	if len(r.Errors) > 0 {
		return perk.Errorf(perk.EUnavailable, op, "Weaviate: %s", r.Errors[0].Message)
	}
	rows := updates(r, s.c.Collection)
	if len(rows) >= maxChanged {
		return perk.Errorf(perk.EInvalid, op, "%d objects or more changed", maxChanged).WithHint("make a whole pass")
	}
	for _, u := range rows {
		each(perk.DocumentID{Collection: s.c.Collection, Tenant: tenant, UUID: u.id}, u.at)
	}
	return nil
}

// update is an object and when it was written.
type update struct {
	id string
	at time.Time
}

// updates digs them out of {"Get":{"Collection":[{"_additional":{"id":"...","lastUpdateTimeUnix":"1700000000000"}}]}}.
func updates(r *models.GraphQLResponse, collection string) []update {
	var out []update
	for _, row := range rows(r, "Get", collection) {
		additional, _ := row["_additional"].(map[string]any)
		id, _ := additional["id"].(string)
		millis, _ := additional["lastUpdateTimeUnix"].(string)
		at, err := strconv.ParseInt(millis, 10, 64)
		if id != "" && err == nil {
			out = append(out, update{id, time.UnixMilli(at)})
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
