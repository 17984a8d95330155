package reasoner

import (
	"context"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
)

// load gives the stored adapter of a key, from the cache where the store still has the same one. Errors: ENotFound, ECorrupt, ECanceled.
func (r *Reasoner) load(ctx context.Context, k perk.AdapterKey) (*loaded, error) {
	for {
		info, err := r.store.Info(ctx, k)
		if err != nil {
			if perk.ErrorCode(err) == perk.ENotFound {
				r.cache.drop(k)
			}
			return nil, err
		}
		if l := r.cache.get(k, info.Digest); l != nil {
			return l, nil
		}
		// The digest is part of the flight's name, so that nobody joins a load of an older adapter.
		v, err, _ := r.flights.Do(k.Document.String()+" "+info.Digest.String(), func() (any, error) {
			if l := r.cache.get(k, info.Digest); l != nil { // a flight landed since we looked
				return l, nil
			}
			return r.fetch(ctx, k)
		})
		if err == nil {
			return v.(*loaded), nil
		}
		if perk.ErrorCode(err) != perk.ECanceled || ctx.Err() != nil {
			return nil, err
		}
		// Whoever loaded was cancelled, we were not: try again.
	}
}

// entryBytes is about what a loaded adapter costs besides its matrices: its description, key and places.
const entryBytes = 2 << 10

// fetch reads an adapter from the store and keeps it.
func (r *Reasoner) fetch(ctx context.Context, k perk.AdapterKey) (*loaded, error) {
	a, err := r.store.Get(ctx, k)
	if err != nil {
		return nil, err
	}
	ad, err := r.Load(a.Payload)
	if err != nil {
		return nil, err
	}
	adapted, err := r.weights.Adapt(ad)
	if err != nil {
		return nil, perk.E(perk.ECorrupt, "reasoner.Load", err)
	}
	l := &loaded{info: a.AdapterInfo, adapted: adapted, bytes: adapted.Bytes() + entryBytes}
	r.cache.put(l)
	return l, nil
}

// Load turns an adapter's payload into the adapter phi_0 + delta. Tensors that the recipe does not write are shared with the
// recipe. Errors: ECorrupt (the payload is damaged or not of this recipe).
func (r *Reasoner) Load(payload []byte) (*lora.Adapter, error) {
	init := r.recipe.Init
	ad, err := lora.Unmarshal(payload, init)
	if err != nil {
		return nil, perk.E(perk.ECorrupt, "reasoner.Load", err).WithHint("encode the document again")
	}
	if err := ad.Onto(init); err != nil {
		return nil, perk.E(perk.ECorrupt, "reasoner.Load", err)
	}
	return ad, nil
}
