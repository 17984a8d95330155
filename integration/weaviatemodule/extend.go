package weaviatemodule

import (
	"context"

	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/entities/moduletools"
	"github.com/weaviate/weaviate/entities/search"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
)

// extend answers for the hits of one query; it is Weaviate's to call. Arguments that make no sense and a class's wrong config fail the query.
// Everything else is told by the hits.
func (m *Module) extend(ctx context.Context, in []search.Result, arguments any, _ *int, _ map[string]any, _ moduletools.ClassConfig) ([]search.Result, error) {
	p, ok := arguments.(*params)
	if !ok || len(in) == 0 {
		return in, nil
	}
	if p.problem != nil {
		return nil, p.problem
	}
	hits, err := m.hits(ctx, in, p.Tenant)
	if err != nil {
		return nil, err
	}
	if p.Question == "" {
		m.states(ctx, hits)
	} else {
		m.askAll(ctx, hits, question{p.Question, perk.DecodeOptions{MaxTokens: p.MaxTokens}})
	}
	for i := range in {
		if in[i].AdditionalProperties == nil {
			in[i].AdditionalProperties = models.AdditionalProperties{}
		}
		in[i].AdditionalProperties[Name] = hits[i].reply
	}
	return in, nil
}

// hits takes the results' keys and texts; a hit of a class that wants another model, or of a tenant that the caller
// named and may not read, has its reply already. A list over REST may have several classes.
func (m *Module) hits(ctx context.Context, in []search.Result, tenant string) ([]*hit, error) {
	type class struct {
		classConfig
		problem error
	}
	classes := map[string]class{}
	hits := make([]*hit, len(in))
	for i := range in {
		c, known := classes[in[i].ClassName]
		if !known {
			var err error
			if c.classConfig, err = m.database.class(in[i].ClassName); err != nil {
				return nil, err
			}
			if c.problem = c.fits(ctx, remote{m.link}); c.problem == nil && c.Tenants && tenant != "" {
				c.problem = m.mayReadTenant(ctx, in[i].ClassName, tenant)
			}
			classes[in[i].ClassName] = c
		}
		hits[i] = m.hit(&in[i], c.classConfig, tenant)
		if c.problem != nil {
			hits[i].reply = refused(hits[i].id, c.problem)
		}
	}
	return hits, nil
}

// hit takes a result's key and text.
func (m *Module) hit(r *search.Result, c classConfig, tenant string) *hit {
	if tenant == "" {
		tenant = r.Tenant
	}
	if !c.Tenants {
		tenant = ""
	}
	id := perk.DocumentID{Collection: r.ClassName, Tenant: tenant, UUID: r.ID.String()}
	return &hit{id: id, text: objtext.Join(r.Schema, c.Properties), loose: c.Tenants && tenant == ""}
}
