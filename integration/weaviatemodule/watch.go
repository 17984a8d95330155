package weaviatemodule

import (
	"context"
	"strings"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/weaviate/weaviate/entities/additional"
	"github.com/weaviate/weaviate/entities/models"
	"github.com/weaviate/weaviate/usecases/modules"
	"github.com/weaviate/weaviate/usecases/objects"

	"github.com/perkdb/perk"
)

// Watch gives the repository with the change hook around it, or the repository itself where the module is not enabled. The generated server passes what
// it gives to the managers of single objects and of batches.
func Watch(provider *modules.Provider, repo objects.BatchVectorRepo) objects.BatchVectorRepo {
	if m, ok := provider.GetByName(Name).(*Module); ok {
		return &watched{BatchVectorRepo: repo, changed: m.changed}
	}
	return repo
}

// watched tells of every object that was written or deleted, after it was. The telling neither waits nor fails.
type watched struct {
	objects.BatchVectorRepo
	changed func(perk.DocumentID)
}

func (w *watched) tell(class, tenant string, id strfmt.UUID) {
	w.changed(perk.DocumentID{Collection: class, Tenant: tenant, UUID: strings.ToLower(id.String())})
}

// PutObject implements objects.VectorRepo.
func (w *watched) PutObject(ctx context.Context, o *models.Object, vector []float32, vectors map[string][]float32, multi map[string][][]float32,
	repl *additional.ReplicationProperties, schemaVersion uint64,
) error {
	err := w.BatchVectorRepo.PutObject(ctx, o, vector, vectors, multi, repl, schemaVersion)
	if err == nil {
		w.tell(o.Class, o.Tenant, o.ID)
	}
	return err
}

// Merge implements objects.VectorRepo.
func (w *watched) Merge(ctx context.Context, merge objects.MergeDocument, repl *additional.ReplicationProperties, tenant string, schemaVersion uint64) error {
	err := w.BatchVectorRepo.Merge(ctx, merge, repl, tenant, schemaVersion)
	if err == nil {
		w.tell(merge.Class, tenant, merge.ID)
	}
	return err
}

// DeleteObject implements objects.VectorRepo.
func (w *watched) DeleteObject(ctx context.Context, class string, id strfmt.UUID, at time.Time, repl *additional.ReplicationProperties, tenant string, schemaVersion uint64) error {
	err := w.BatchVectorRepo.DeleteObject(ctx, class, id, at, repl, tenant, schemaVersion)
	if err == nil {
		w.tell(class, tenant, id)
	}
	return err
}

// BatchPutObjects implements objects.BatchVectorRepo.
func (w *watched) BatchPutObjects(ctx context.Context, batch objects.BatchObjects, repl *additional.ReplicationProperties, schemaVersion uint64) (objects.BatchObjects, error) {
	done, err := w.BatchVectorRepo.BatchPutObjects(ctx, batch, repl, schemaVersion)
	for _, o := range done {
		if o.Err == nil && o.Object != nil {
			w.tell(o.Object.Class, o.Object.Tenant, o.UUID)
		}
	}
	return done, err
}

// BatchDeleteObjects implements objects.BatchVectorRepo.
func (w *watched) BatchDeleteObjects(ctx context.Context, params objects.BatchDeleteParams, at time.Time, repl *additional.ReplicationProperties, tenant string,
	schemaVersion uint64,
) (objects.BatchDeleteResult, error) {
	done, err := w.BatchVectorRepo.BatchDeleteObjects(ctx, params, at, repl, tenant, schemaVersion)
	for _, o := range done.Objects {
		if o.Err == nil && !params.DryRun {
			w.tell(params.ClassName.String(), tenant, o.UUID)
		}
	}
	return done, err
}
