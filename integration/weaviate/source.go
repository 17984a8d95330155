package weaviate

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/objtext"
)

// RefProperty is the text property that holds an object's own key for prompts.
const RefProperty = "docRef"

// ContentProperty holds the text where nobody names properties.
const ContentProperty = "content"

// Config names what of a collection is indexed.
type Config struct {
	Collection string
	Properties []string // text properties that make up the text, in order; empty: "content"
	Tenant     string   // the one tenant to scan; "": all active tenants
	PageBytes  int64    // bytes of text that a page aims at; 0: 16 MiB
	WriteRefs  bool     // Scan and Document set RefProperty of the objects that they meet where it is missing or wrong; the property must be there
}

// Source is a collection. It may be used by several goroutines.
type Source struct {
	*Client
	c   Config
	log zerolog.Logger
}

// Open checks that the collection and its properties are there. Errors: EUnavailable, EDenied, ENotFound, EInvalid.
func (c *Client) Open(ctx context.Context, config Config, log zerolog.Logger) (*Source, error) {
	if len(config.Properties) == 0 {
		config.Properties = []string{ContentProperty}
	}
	if config.PageBytes <= 0 {
		config.PageBytes = 16 << 20
	}
	if err := (perk.DocumentID{Collection: config.Collection, Tenant: config.Tenant, UUID: uuid.Nil.String()}).Validate(); err != nil {
		return nil, err
	}
	s := &Source{Client: c, c: config, log: log.With().Str("room", "weaviate").Str("collection", config.Collection).Logger()}
	_, err := s.class(ctx)
	return s, err
}

// class reads the collection's schema and checks the text properties.
func (s *Source) class(ctx context.Context) (*models.Class, error) {
	class, err := s.api.Schema().ClassGetter().WithClassName(s.c.Collection).Do(ctx)
	if err := s.fault("weaviate.Open", err); perk.ErrorCode(err) == perk.ENotFound {
		return nil, perk.Errorf(perk.ENotFound, "weaviate.Open", "Weaviate at %s has no collection %q", s.endpoint, s.c.Collection).
			WithHint("create it; collection names begin with a capital")
	} else if err != nil {
		return nil, err
	}
	for _, name := range s.c.Properties {
		if err := checkText(class, name); err != nil {
			return nil, err
		}
	}
	if s.c.Tenant != "" && !multiTenant(class) {
		return nil, perk.Errorf(perk.EInvalid, "weaviate.Open", "collection %s has no tenants", class.Class).WithHint("leave the tenant out")
	}
	return class, nil
}

// checkText finds a text property in a class. Errors: EInvalid.
func checkText(class *models.Class, name string) error {
	all := texts(class)
	if slices.Contains(all, name) {
		return nil
	}
	for _, p := range class.Properties {
		if p.Name == name {
			return perk.Errorf(perk.EInvalid, "weaviate.Open", "property %s.%s is %v, not text", class.Class, name, p.DataType)
		}
	}
	return perk.Errorf(perk.EInvalid, "weaviate.Open", "collection %s has no property %q", class.Class, name).
		WithHint("its text properties: %s", strings.Join(all, ", "))
}

// texts lists a class's text properties.
func texts(class *models.Class) []string {
	var names []string
	for _, p := range class.Properties {
		if len(p.DataType) == 1 && (p.DataType[0] == "text" || p.DataType[0] == "string") {
			names = append(names, p.Name)
		}
	}
	return names
}

func multiTenant(class *models.Class) bool {
	return class.MultiTenancyConfig != nil && class.MultiTenancyConfig.Enabled
}

// Document reads one object. Errors: ENotFound (object or tenant), EConflict (tenant not active), EInvalid, EUnavailable, EDenied.
func (s *Source) Document(ctx context.Context, id perk.DocumentID) (perk.Document, error) {
	const op = "weaviate.Document"
	if u, err := uuid.Parse(id.UUID); err != nil || u.String() != id.UUID || id.Collection != s.c.Collection {
		return perk.Document{}, perk.Errorf(perk.ENotFound, op, "%s is no key of an object of collection %s", id, s.c.Collection).
			WithHint("a key is Collection/[tenant/]uuid in lower case")
	}
	objects, err := s.api.Data().ObjectsGetter().WithClassName(id.Collection).WithTenant(id.Tenant).WithID(id.UUID).Do(ctx)
	if err = s.fault(op, err); perk.ErrorCode(err) == perk.EInvalid && id.Tenant != "" {
		if err := s.tenantState(ctx, id.Tenant); err != nil {
			return perk.Document{}, err
		}
	}
	switch {
	case perk.ErrorCode(err) == perk.ENotFound:
		return perk.Document{}, perk.Errorf(perk.ENotFound, op, "Weaviate has no object %s", id)
	case err != nil:
		return perk.Document{}, err
	}
	objects[0].Tenant = id.Tenant
	if s.c.WriteRefs {
		if err := s.keepRef(ctx, objects[0]); err != nil {
			s.log.Warn().Err(err).Stringer("doc", id).Msg("could not write an object's key")
		}
	}
	return perk.Document{ID: id, Text: s.text(objects[0])}, nil
}

// text joins an object's text properties.
func (s *Source) text(o *models.Object) string { return objtext.Join(o.Properties, s.c.Properties) }

// property gives a text property, "" when the object has none.
func property(o *models.Object, name string) string {
	all, _ := o.Properties.(map[string]any)
	v, _ := all[name].(string)
	return v
}
