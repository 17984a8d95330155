package weaviate

import (
	"context"
	"fmt"

	"github.com/go-openapi/strfmt"
	"github.com/google/uuid"
	"github.com/weaviate/weaviate/entities/models"

	"github.com/perkdb/perk"
)

// Collection describes a new collection for perk: a text property "content", which BM25 searches, and RefProperty.
type Collection struct {
	Name     string
	Tenants  bool   // multi-tenancy
	Endpoint string // of perk's Ollama-compatible endpoint, as Weaviate reaches it: "http://127.0.0.1:11434"
	Model    string // name of the model that the endpoint serves
}

// CreateCollection adds a collection whose `generate` queries go to perk's endpoint. The server needs the module generative-ollama. Errors:
// EInvalid (name taken, module missing), EUnavailable, EDenied.
func (c *Client) CreateCollection(ctx context.Context, n Collection) error {
	class := &models.Class{
		Class: n.Name,
		Properties: []*models.Property{
			{Name: "content", DataType: []string{"text"}},
			refProperty(),
		},
		Vectorizer:          "none",
		VectorIndexType:     "hnsw",
		VectorIndexConfig:   map[string]any{"skip": true},
		InvertedIndexConfig: &models.InvertedIndexConfig{IndexTimestamps: true}, // or nothing but whole passes finds changes
		MultiTenancyConfig:  &models.MultiTenancyConfig{Enabled: n.Tenants},
		ModuleConfig:        map[string]any{"generative-ollama": map[string]any{"apiEndpoint": n.Endpoint, "model": n.Model}},
	}
	return c.fault("weaviate.CreateCollection", c.api.Schema().ClassCreator().WithClass(class).Do(ctx))
}

// refProperty is matched as a whole, not word by word.
func refProperty() *models.Property {
	return &models.Property{Name: RefProperty, DataType: []string{"text"}, Tokenization: models.PropertyTokenizationField}
}

// UUID makes a real UUID of any name, always the same one, for documents that come with names.
func UUID(name string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte("perk:"+name)).String() }

// Put writes documents, new or changed, into a collection made by CreateCollection; their uuids must be real UUIDs.
func (c *Client) Put(ctx context.Context, docs ...perk.Document) error {
	const op, maxBatch, overhead = "weaviate.Put", 8 << 20, 1 << 10 // bytes of text; of an object beside it, at a guess
	for len(docs) > 0 {
		var objects []*models.Object
		for bytes := 0; len(docs) > 0 && (bytes == 0 || bytes+len(docs[0].Text) <= maxBatch); docs = docs[1:] {
			d := docs[0]
			bytes += len(d.Text) + overhead
			objects = append(objects, &models.Object{Class: d.ID.Collection, Tenant: d.ID.Tenant, ID: strfmt.UUID(d.ID.UUID),
				Properties: map[string]any{"content": d.Text, RefProperty: c.ref(d.ID)}})
		}
		results, err := c.api.Batch().ObjectsBatcher().WithObjects(objects...).Do(ctx)
		if err != nil {
			return c.fault(op, err)
		}
		for _, r := range results {
			if r.Result != nil && r.Result.Errors != nil && len(r.Result.Errors.Error) > 0 {
				return perk.Errorf(perk.EInvalid, op, "Weaviate refused object %s: %s", r.ID, r.Result.Errors.Error[0].Message)
			}
		}
	}
	return nil
}

// Delete removes one object. Errors: ENotFound, EUnavailable, EDenied.
func (c *Client) Delete(ctx context.Context, id perk.DocumentID) error {
	return c.fault("weaviate.Delete", c.api.Data().Deleter().WithClassName(id.Collection).WithTenant(id.Tenant).WithID(id.UUID).Do(ctx))
}

// CheckRefs tests that prompts can name the collection's objects: that it has the text property RefProperty. Errors: EInvalid.
func (s *Source) CheckRefs(ctx context.Context) error {
	class, err := s.class(ctx)
	if err != nil {
		return err
	}
	if err := checkText(class, RefProperty); err != nil {
		return perk.E(perk.EInvalid, "weaviate.CheckRefs", fmt.Errorf("prompts cannot name the objects: %w", err)).
			WithHint("have perk write the property (WriteRefs), or add it yourself; it holds Collection/[tenant/]uuid")
	}
	return nil
}

// WriteRefs adds RefProperty to the collection if it is missing and sets it on each object where it is missing or wrong. It says how many
// objects it changed. Nothing else of an object changes, but the time of its last update does.
func (s *Source) WriteRefs(ctx context.Context) (int, error) {
	const op = "weaviate.WriteRefs"
	class, err := s.class(ctx)
	if err != nil {
		return 0, err
	}
	if checkText(class, RefProperty) != nil {
		err := s.api.Schema().PropertyCreator().WithClassName(s.c.Collection).WithProperty(refProperty()).Do(ctx)
		if err != nil {
			return 0, s.fault(op, err)
		}
	}
	changed := 0
	for o, err := range s.objects(ctx, "") {
		if err != nil {
			return changed, err
		}
		wrote, err := s.writeRef(ctx, o)
		if err != nil {
			return changed, err
		}
		if wrote {
			changed++
		}
	}
	return changed, nil
}

// writeRef sets an object's RefProperty unless it is right.
func (s *Source) writeRef(ctx context.Context, o *models.Object) (wrote bool, err error) {
	id := s.id(o)
	ref := s.ref(id)
	if property(o, RefProperty) == ref {
		return false, nil
	}
	err = s.api.Data().Updater().WithMerge().WithClassName(id.Collection).WithTenant(id.Tenant).WithID(id.UUID).
		WithProperties(map[string]any{RefProperty: ref}).Do(ctx)
	if err != nil {
		return false, s.fault("weaviate.WriteRefs", err)
	}
	o.Properties.(map[string]any)[RefProperty] = ref // it has some: its text
	return true, nil
}
