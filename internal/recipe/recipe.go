package recipe

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/internal/lora"
)

// Version is the only recipe format that this package reads and writes.
const Version = 1

// Recipe is a learned way to write a document into an adapter. Its two usual forms, "fast" (one plain gradient step into B of one layer) and
// "PERK-like" (several AdamW steps into A and B of all linear layers), are settings of the same fields.
type Recipe struct {
	Version int          `json:"version"`
	Model   perk.ModelID `json:"model"`   // BaseID of the base model that the recipe was learned with
	Targets []Target     `json:"targets"` // in rising order of Module
	Scale   float32      `json:"scale"`   // factor of every low-rank update; rsLoRA has alpha/sqrt(rank)
	Steps   int          `json:"steps"`   // inner steps, N
	Rule    Rule         `json:"rule"`
	// LossDivisor divides the SUM of the weighted token losses of the whole document. It is a constant and not the number of tokens: with a
	// mean, each fact's share of the write would shrink as the document grows, and long documents would hardly be written at all.
	LossDivisor float32 `json:"loss_divisor"`
	ChunkTokens int     `json:"chunk_tokens"` // longest chunk, label not counted
	Overlap     int     `json:"overlap"`      // sentences at the end of a chunk that the next chunk repeats, as far as they fit
	Reverse     bool    `json:"reverse"`      // write every chunk a second time in reverse token order
	Prompt      Prompt  `json:"prompt"`
	// Bits is the width of a stored adapter's elements: 1 to 8, and 32 or 0, the value of recipes from before the field, for
	// exact ones. It belongs to the recipe because it changes the adapter that answers, and so its identity.
	Bits int `json:"bits,omitempty"`
	// Untrained says that nothing of the recipe was learned: it was made by the function of the same name.
	Untrained bool `json:"untrained,omitempty"`

	Init      *lora.Adapter `json:"-"` // phi_0: one pair for each target
	Rates     [][]float32   `json:"-"` // (Steps, tensors): learned rate a[n][i] of tensor Init.Trained()[i] in step n
	Weighting *Weighting    `json:"-"` // nil: every token weighs 1

	// Calibration gives answers their confidence and the smallest one that is not "not in this document". nil: confidence is the answer's
	// probability, and no answer is refused. It does not change what is written, and is no part of the identity.
	Calibration *confidence.Calibration `json:"-"`
}

// Target is a linear layer that is adapted: y += Scale B f(A x).
type Target struct {
	Module string `json:"module"` // name of the layer in the base model
	Rank   int    `json:"rank"`
	Full   bool   `json:"full,omitempty"` // A is the identity and not stored: B updates the whole matrix; Rank is the module's input width
	NormA  bool   `json:"norm_a"`         // normalise A x to root mean square 1 before B
	TrainA bool   `json:"train_a"`        // the inner loop writes A
	TrainB bool   `json:"train_b"`        // the inner loop writes B
}

// Rules of the inner loop.
const (
	SGD   = "sgd"   // phi -= a g
	AdamW = "adamw" // Adam with decoupled weight decay
	// Normalized is phi -= a g / sqrt(||g||^2 + eps^2) with the Frobenius norm ||g|| of each tensor's gradient: a step is as long as its rate,
	// whatever the length of the document.
	Normalized = "normalized"
	// Ridge is phi -= a g (K^T W K + (lambda + floor mean diag) I)^-1, for one target of which only B trains: the gradient is whitened by the covariance of the document's keys, so
	// that facts whose keys overlap do not overwrite each other. K holds the keys Scale * f(A x_t), W the token weights over LossDivisor. It is one
	// step of kernel ridge regression, the closed form of the delta rule (docs/adr/0003).
	Ridge = "ridge"
)

// Rule says how a gradient becomes a step. Beta1, Beta2 and WeightDecay are AdamW's, Eps is AdamW's and Normalized's, Lambda and Floor are Ridge's; the others have them 0.
type Rule struct {
	Name        string  `json:"name"` // SGD, AdamW, Normalized or Ridge
	Beta1       float32 `json:"beta1"`
	Beta2       float32 `json:"beta2"`
	Eps         float32 `json:"eps"`
	WeightDecay float32 `json:"weight_decay"`     // shrinks a tensor by rate*WeightDecay a step
	Lambda      float32 `json:"lambda,omitempty"` // ridge added to the key covariance
	Floor       float32 `json:"floor,omitempty"`  // further ridge, as a share of the covariance's mean diagonal element; 0: none
}

// DefaultAdamW is AdamW with betas .9 and .95 and a small decay.
func DefaultAdamW() Rule {
	return Rule{Name: AdamW, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.01}
}

// BaseID is the identity of a base model: the digest of its configuration and weights (lm.Model.ID) together with the tokenizer's
// JSON form, because the same weights read other tokens as another text. Errors: EInternal when the tokenizer cannot be marshalled.
func BaseID(model perk.Hash, tok json.Marshaler) (perk.ModelID, error) {
	b, err := tok.MarshalJSON()
	if err != nil {
		return perk.ModelID{}, perk.E(perk.EInternal, "recipe.BaseID", err)
	}
	return sha256.Sum256(append(model[:], b...)), nil
}

// ID is the digest of the recipe's bytes without the calibration: adapters stay valid when a recipe is calibrated again. Errors: EInvalid for a
// recipe that Validate refuses.
func (r *Recipe) ID() (perk.RecipeID, error) {
	bare := *r
	bare.Calibration = nil
	b, err := bare.Marshal()
	if err != nil {
		return perk.RecipeID{}, err
	}
	return sha256.Sum256(b), nil
}

// CheckModel reports an EStale error when the recipe was learned with another base model than id.
func (r *Recipe) CheckModel(id perk.ModelID) error {
	if r.Model == id {
		return nil
	}
	return perk.Errorf(perk.EStale, "recipe.CheckModel", "the recipe was learned with base model %s, the loaded base model is %s",
		r.Model.Short(), id.Short()).WithHint("load base model %s, or train a recipe for %s", r.Model, id)
}
