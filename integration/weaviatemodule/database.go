package weaviatemodule

import (
	"context"
	"errors"
	"slices"

	"github.com/go-openapi/strfmt"
	"github.com/google/uuid"
	"github.com/weaviate/weaviate/adapters/handlers/rest/state"
	"github.com/weaviate/weaviate/entities/additional"
	enterrors "github.com/weaviate/weaviate/entities/errors"
	"github.com/weaviate/weaviate/entities/filters"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/entities/search"
	"github.com/weaviate/weaviate/usecases/objects"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
)

// database is the part of the server that perk reads. It is used once Start has said that it is there.
type database struct{ state *state.State }

// class gives a class and what it says about perk. Errors: ENotFound, EInvalid.
func (d database) class(name string) (classConfig, error) {
	class := d.state.SchemaManager.ReadOnlyClass(name)
	if class == nil {
		return classConfig{}, perk.Errorf(perk.ENotFound, "weaviate", "there is no collection %q", name)
	}
	return readClass(class)
}

// classes gives all classes by name.
func (d database) classes() []*models.Class {
	if all := d.state.SchemaManager.GetSchemaSkipAuth().Objects; all != nil {
		return all.Classes
	}
	return nil
}

// tenants gives the names of a class's active tenants, sorted; a class without tenants has the one tenant "". Nothing is woken.
func (d database) tenants(class string, c classConfig) ([]string, error) {
	if !c.Tenants {
		return []string{""}, nil
	}
	reader := d.state.ClusterService.SchemaReader()
	names, err := reader.Shards(class)
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "weaviate.tenants", err)
	}
	status, err := reader.TenantsShards(class, names...)
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "weaviate.tenants", err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return status[n] != models.TenantActivityStatusHOT })
	slices.Sort(names)
	return names, nil
}

// checkTenant says what is wrong with an id's tenant. Errors: ENotFound, EConflict (not active), EInvalid (one too many, or missing).
func (d database) checkTenant(id perk.DocumentID, c classConfig) error {
	const op = "weaviate.tenant"
	switch {
	case c.Tenants && id.Tenant == "":
		return perk.Errorf(perk.EInvalid, op, "collection %s has tenants, and none is named", id.Collection)
	case !c.Tenants && id.Tenant != "":
		return perk.Errorf(perk.EInvalid, op, "collection %s has no tenants", id.Collection)
	case !c.Tenants:
		return nil
	}
	status, err := d.state.ClusterService.SchemaReader().TenantsShards(id.Collection, id.Tenant)
	if err != nil {
		return perk.E(perk.EUnavailable, op, err)
	}
	switch status[id.Tenant] {
	case models.TenantActivityStatusHOT:
		return nil
	case "":
		return perk.Errorf(perk.ENotFound, op, "collection %s has no tenant %q", id.Collection, id.Tenant)
	}
	return perk.Errorf(perk.EConflict, op, "tenant %q of collection %s is %s", id.Tenant, id.Collection, status[id.Tenant]).
		WithHint("activate it; perk does not wake tenants")
}

// Document reads an object's text; it is perk.Source's. Errors: ENotFound (object, tenant or class), EConflict (tenant not active), EUnavailable.
func (d database) Document(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	const op = "weaviate.Document"
	c, err := d.class(id.Collection)
	if err != nil {
		return perk.Document{}, err
	}
	if u, err := uuid.Parse(id.UUID); err != nil || u.String() != id.UUID || c.Tenants == (id.Tenant == "") {
		return perk.Document{}, perk.Errorf(perk.ENotFound, op, "%s is no key of an object of its collection", id)
	}
	if err := d.checkTenant(id, c); err != nil {
		return perk.Document{}, err
	}
	r, err := d.state.DB.Object(ctx, id.Collection, strfmt.UUID(id.UUID), nil, additional.Properties{}, nil, id.Tenant)
	switch {
	case err != nil && (errors.Is(err, enterrors.ErrTenantNotFound) || d.state.SchemaManager.ReadOnlyClass(id.Collection) == nil):
		return perk.Document{}, perk.E(perk.ENotFound, op, err)
	case err != nil:
		return perk.Document{}, perk.E(perk.EUnavailable, op, err)
	case r == nil:
		return perk.Document{}, perk.Errorf(perk.ENotFound, op, "there is no object %s", id)
	}
	return perk.Document{ID: id, Text: objtext.Join(r.Schema, c.Properties)}, nil
}

// page reads the objects after a uuid, in their order.
func (d database) page(ctx context.Context, class, tenant, after string, limit int) (search.Results, error) {
	results, err := d.state.DB.Query(ctx, &objects.QueryInput{Class: class, Tenant: tenant, Limit: limit, Cursor: &filters.Cursor{After: after, Limit: limit}})
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "weaviate.Scan", err)
	}
	return results, nil
}
