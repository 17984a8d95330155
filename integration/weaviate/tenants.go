package weaviate

import (
	"context"
	"slices"

	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
)

// tenants gives the names of the tenants to scan, sorted, and of those that are passed over because they are not active; a collection without tenants has the
// one tenant "".
func (s *Source) tenants(ctx context.Context) (awake, asleep []string, err error) {
	class, err := s.class(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !multiTenant(class) {
		return []string{""}, nil, nil
	}
	if s.c.Tenant != "" {
		return []string{s.c.Tenant}, nil, s.tenantState(ctx, s.c.Tenant)
	}
	all, err := s.api.Schema().TenantsGetter().WithClassName(s.c.Collection).Do(ctx)
	if err != nil {
		return nil, nil, s.fault("weaviate.tenants", err)
	}
	awake = []string{}
	for _, t := range all {
		if active(t) {
			awake = append(awake, t.Name)
		} else {
			asleep = append(asleep, t.Name)
			s.log.Warn().Str("tenant", t.Name).Str("state", t.ActivityStatus).Msg("passed over a tenant that is not active; its adapters are kept")
		}
	}
	slices.Sort(awake)
	return awake, asleep, nil
}

// tenantState says what is wrong with a tenant; nil when it is active. Errors: ENotFound, EConflict.
func (s *Source) tenantState(ctx context.Context, name string) error {
	all, err := s.api.Schema().TenantsGetter().WithClassName(s.c.Collection).Do(ctx)
	if err != nil {
		return s.fault("weaviate.tenants", err)
	}
	for _, t := range all {
		if t.Name == name && active(t) {
			return nil
		}
		if t.Name == name {
			return perk.Errorf(perk.EConflict, "weaviate.tenants", "tenant %q of collection %s is %s", name, s.c.Collection, t.ActivityStatus).
				WithHint("activate it; perk does not wake tenants")
		}
	}
	return perk.Errorf(perk.ENotFound, "weaviate.tenants", "collection %s has no tenant %q", s.c.Collection, name)
}

func active(t models.Tenant) bool {
	return t.ActivityStatus == "" || t.ActivityStatus == models.TenantActivityStatusACTIVE || t.ActivityStatus == models.TenantActivityStatusHOT
}

// left reports whether an error came up because a tenant, of several, went to sleep or was removed meanwhile.
func (s *Source) left(ctx context.Context, tenant string) bool {
	if tenant == "" || tenant == s.c.Tenant {
		return false
	}
	code := perk.ErrorCode(s.tenantState(ctx, tenant))
	return code == perk.EConflict || code == perk.ENotFound
}
