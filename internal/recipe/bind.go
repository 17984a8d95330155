package recipe

import (
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// Bind holds the recipe to a base model and gives the identities of both, which name its adapters. Errors: EStale (the recipe was
// learned with another base model), EInvalid (a recipe that Validate refuses; a module, head or chunk that does not fit the model).
func (r *Recipe) Bind(model *lm.Model, tok Tokenizer) (perk.ModelID, perk.RecipeID, error) {
	const op = "recipe.Bind"
	var none perk.Hash
	id, err := r.ID()
	if err != nil {
		return none, none, err
	}
	base, err := BaseID(model.ID(), tok)
	if err != nil {
		return none, none, err
	}
	if err := r.CheckModel(base); err != nil {
		return none, none, err
	}
	sp, err := NewSpecials(tok)
	if err != nil {
		return none, none, err
	}
	if r.Reverse && sp.Rev == None {
		return none, none, perk.Errorf(perk.EInvalid, op, "the recipe writes chunks in reverse order, for which the base model's vocabulary has no mark").WithHint("use a recipe with reverse false")
	}
	cfg := model.Config()
	widths := make(map[string]lm.Linear)
	for _, l := range model.Linears() {
		widths[l.Name] = l
	}
	for name, p := range r.Init.Pairs {
		if l := widths[name]; l.In != p.In || l.Out != p.Out {
			return none, none, perk.Errorf(perk.EInvalid, op, "target %q is %d to %d wide, the base model's module %d to %d (0: there is none)", name, p.In, p.Out, l.In, l.Out)
		}
	}
	if w := r.Weighting; w != nil && w.Dim != cfg.Dim {
		return none, none, perk.Errorf(perk.EInvalid, op, "the weighting head reads hidden states %d wide, the base model's are %d", w.Dim, cfg.Dim)
	}
	if r.ChunkTokens+1 > cfg.Context {
		return none, none, perk.Errorf(perk.EInvalid, op, "chunks of %d tokens and a label do not fit the base model's context of %d", r.ChunkTokens, cfg.Context)
	}
	return base, id, nil
}
