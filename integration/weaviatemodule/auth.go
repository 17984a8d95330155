package weaviatemodule

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-openapi/strfmt"
	restctx "github.com/weaviate/weaviate/adapters/handlers/rest/context"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/usecases/auth/authentication/composer"
	"github.com/weaviate/weaviate/usecases/auth/authorization"
	authzerrors "github.com/weaviate/weaviate/usecases/auth/authorization/errors"

	"github.com/perkdb/perk"
)

// errNobody says that a request has no valid key.
var errNobody = errors.New("the request carries no key that this server takes")

// principal finds out who asks, as Weaviate's own handlers do: modules' handlers are served before its authentication. It is nil for an anonymous
// caller, whom the authoriser may still refuse.
func (m *Module) principal(r *http.Request) (*models.Principal, error) {
	server := m.database.state
	config := server.ServerConfig.Config.Authentication
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		if config.AnonymousAccess.Enabled {
			return nil, nil
		}
		return nil, errNobody
	}
	who, err := composer.New(config, server.APIKey, server.OIDC)(token, nil)
	if err != nil {
		return nil, errNobody
	}
	return who, nil
}

// may asks Weaviate's authoriser. It gives nil, errNobody or an EDenied error.
func (m *Module) may(r *http.Request, who *models.Principal, verb string, resources ...string) error {
	err := m.database.state.Authorizer.Authorize(r.Context(), who, verb, resources...)
	var nobody authzerrors.Unauthenticated
	switch {
	case err == nil:
		return nil
	case errors.As(err, &nobody):
		return errNobody
	}
	return perk.E(perk.EDenied, Name, err)
}

// mayReadTenant gives an EDenied error where the caller of a query names a tenant that is not his.
func (m *Module) mayReadTenant(ctx context.Context, class, tenant string) error {
	err := m.database.state.Authorizer.AuthorizeSilent(ctx, restctx.GetPrincipalFromContext(ctx), authorization.READ, authorization.ShardsData(class, tenant)...)
	if err != nil {
		return perk.E(perk.EDenied, Name, err)
	}
	return nil
}

// mayRead asks Weaviate's authoriser whether the caller of a query may read a document that was found by its text.
func (m *Module) mayRead(ctx context.Context, id perk.DocumentID) bool {
	resource := authorization.Objects(id.Collection, id.Tenant, strfmt.UUID(id.UUID))
	return m.database.state.Authorizer.AuthorizeSilent(ctx, restctx.GetPrincipalFromContext(ctx), authorization.READ, resource) == nil
}
