package engine

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/reasoner"
)

// served names the model that answers for a collection, durably: it lies in the store under servedKey.
type served struct {
	Name   string        `json:"name"` // as Options.Find takes it
	Model  perk.ModelID  `json:"model"`
	Recipe perk.RecipeID `json:"recipe"`
}

func servedKey(collection string) string { return "served/" + collection }

// serving switches collections to the engine's model. A collection that another model answers for goes on with that model until each of its documents has an adapter of the
// engine's own; from one question to the next, the own one answers then. Every answer is of one model and of adapters that it wrote.
type serving struct {
	e    *Engine
	own  served
	find func(ctx context.Context, name string) (*models.Model, error)

	mu          sync.Mutex
	collections map[string]*collection
	earlier     map[served]*earlier // as long as a collection needs one
}

// earlier is a model that answered before, and how many collections it still answers for.
type earlier struct {
	*reasoner.Reasoner
	users int
}

// collection is the state of one. Its lock is held while it is read from the store, so that the first questions wait for that.
type collection struct {
	mu      sync.Mutex
	known   bool
	earlier *served                      // answers until nothing is missing; nil: the engine's own model answers
	missing map[perk.DocumentID]struct{} // documents with adapters of the earlier model and none of the own
}

func (s *serving) of(name string) *collection {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.collections[name]
	if c == nil {
		c = &collection{}
		s.collections[name] = c
	}
	return c
}

// reasoner gives the one that answers for a collection now, or nil for the engine's own.
func (s *serving) reasoner(ctx context.Context, name string) (*reasoner.Reasoner, error) {
	c := s.of(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := s.learn(ctx, name, c); err != nil || c.earlier == nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.earlier[*c.earlier].Reasoner, nil
}

// learn reads a collection's state once. The caller holds the collection's lock.
func (s *serving) learn(ctx context.Context, name string, c *collection) error {
	if c.known {
		return nil
	}
	was, err := s.stored(ctx, name)
	if err != nil {
		return err
	}
	if was == nil || *was == s.own || was.Model == s.own.Model && was.Recipe == s.own.Recipe {
		c.known = true
		return s.store(ctx, name, was)
	}
	if err := s.open(ctx, *was); err != nil {
		if ctx.Err() != nil {
			return perk.E(perk.ECanceled, "engine.Ask", ctx.Err())
		}
		s.e.log.Warn().Err(err).Str("collection", name).Str("model", was.Name).
			Msg("the model that answered so far cannot be loaded; documents are pending until this one has written them")
		c.known = true
		return s.store(ctx, name, was)
	}
	before, own := map[perk.DocumentID]perk.Hash{}, map[perk.DocumentID]perk.Hash{}
	for info, err := range s.e.store.List(ctx, name) {
		if err != nil {
			s.close(*was)
			return err
		}
		switch k := info.Key; {
		case k.Model == was.Model && k.Recipe == was.Recipe:
			before[k.Document] = info.Content
		case k.Model == s.own.Model && k.Recipe == s.own.Recipe:
			own[k.Document] = info.Content
		}
	}
	c.missing = map[perk.DocumentID]struct{}{}
	for id, text := range before {
		if own[id] != text {
			c.missing[id] = struct{}{}
		}
	}
	c.earlier, c.known = was, true
	s.e.log.Info().Str("collection", name).Str("from", was.Name).Str("to", s.own.Name).Int("documents", len(c.missing)).Msg("switching a collection to another model")
	_, err = s.flip(ctx, name, c)
	return err
}

// stored reads which model answered so far; nil: none did.
func (s *serving) stored(ctx context.Context, name string) (*served, error) {
	b, err := s.e.store.Meta(ctx, servedKey(name))
	if perk.ErrorCode(err) == perk.ENotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	was := &served{}
	if err := json.Unmarshal(b, was); err != nil {
		return nil, perk.E(perk.ECorrupt, "engine.serving", err)
	}
	return was, nil
}

// store makes the own model the one that answers, unless it was already.
func (s *serving) store(ctx context.Context, name string, was *served) error {
	if was != nil && *was == s.own {
		return nil
	}
	b, err := json.Marshal(s.own)
	if err != nil {
		return perk.E(perk.EInternal, "engine.serving", err)
	}
	return s.e.store.SetMeta(ctx, servedKey(name), b)
}

// open loads an earlier model, unless another collection has it.
func (s *serving) open(ctx context.Context, was served) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.earlier[was]; m != nil {
		m.users++
		return nil
	}
	if s.find == nil {
		return perk.Errorf(perk.ENotFound, "engine.serving", "nobody knows where models are")
	}
	m, err := s.find(ctx, was.Name)
	if err != nil {
		return err
	}
	if m.ID != was.Model || m.RecipeID != was.Recipe {
		return perk.Errorf(perk.EStale, "engine.serving", "model %q is another one by now", was.Name)
	}
	rea, err := reasoner.New(m.LM, m.Tokenizer, m.Recipe, s.e.store, s.e.answers)
	if err != nil {
		return err
	}
	s.earlier[was] = &earlier{rea, 1}
	return nil
}

// close lets an earlier model go when no other collection has it.
func (s *serving) close(was served) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.earlier[was]; m.users > 1 {
		m.users--
	} else {
		delete(s.earlier, was)
	}
}

// written is told of a document that the own model has an adapter of now, and of one that has no adapters any more.
func (s *serving) written(ctx context.Context, id perk.DocumentID) error {
	c := s.of(id.Collection)
	c.mu.Lock()
	err := s.learn(ctx, id.Collection, c)
	var gone *served
	if err == nil {
		delete(c.missing, id)
		gone, err = s.flip(ctx, id.Collection, c)
	}
	c.mu.Unlock()
	if err != nil || gone == nil {
		return err
	}
	return s.prune(ctx, id.Collection, *gone)
}

// flip ends a switch when nothing is missing, and gives the model that does not answer any more. The caller holds the collection's lock.
func (s *serving) flip(ctx context.Context, name string, c *collection) (*served, error) {
	if c.earlier == nil || len(c.missing) > 0 {
		return nil, nil
	}
	if err := s.store(ctx, name, c.earlier); err != nil {
		return nil, err
	}
	was := c.earlier
	c.earlier, c.missing = nil, nil
	s.close(*was)
	s.e.log.Info().Str("collection", name).Str("from", was.Name).Str("to", s.own.Name).Msg("switched a collection to another model")
	return was, nil
}

// prune removes the adapters of a model that answers no more. Questions under way that miss one are asked again of the own model.
func (s *serving) prune(ctx context.Context, name string, was served) error {
	for info, err := range s.e.store.List(ctx, name) {
		if err != nil {
			return err
		}
		if k := info.Key; k.Model == was.Model && k.Recipe == was.Recipe {
			if err := s.e.store.DeleteOne(ctx, k); err != nil {
				return err
			}
		}
	}
	return nil
}
