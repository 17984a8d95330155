package meta

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
)

// Config is a whole training recipe: together with the corpus it determines the shipped bytes.
type Config struct {
	Name  string    `json:"name"`
	Seed  uint64    `json:"seed"`
	Model lm.Config `json:"model"` // architecture "nano", Vocab is the tokenizer's size; or that of Base
	// Base names the base model that is trained for and stays as it is, of any architecture; ParseConfig sets it. Zero: the base model trains too, from nothing.
	Base perk.Hash `json:"base,omitzero"`

	// The inner loop, as in recipe.Recipe.
	Targets      []recipe.Target `json:"targets"` // in rising order of Module
	Scale        float32         `json:"scale"`
	Steps        int             `json:"steps"`
	Unroll       int             `json:"unroll"` // T: the outer gradient goes through the last T steps; earlier ones are constants
	Rule         recipe.Rule     `json:"rule"`
	InnerRate    float64         `json:"inner_rate"`            // start of every learned rate
	InnerRidge   float64         `json:"inner_ridge,omitempty"` // start of the ridge rule's learned lambda
	LossDivisor  float32         `json:"loss_divisor"`
	WeightHidden int             `json:"weight_hidden"` // width of the token-weighting head; 0: none
	ChunkTokens  int             `json:"chunk_tokens"`
	Overlap      int             `json:"overlap"`
	Reverse      bool            `json:"reverse"`
	Bits         int             `json:"bits,omitempty"` // of a stored adapter's elements, as in recipe.Recipe; training itself does not round
	// Precision is that of the outer loop's products (ad.Graph.Rounded): "float32", which "" is as well, or "bfloat16".
	Precision encoder.Precision `json:"precision,omitempty"`

	// Episodes.
	Tasks     []Share `json:"tasks"`
	Lengths   []Stage `json:"lengths"`    // the curriculum of document lengths
	Budget    int     `json:"budget"`     // document tokens in an outer step; at least two documents whatever their length
	Questions int     `json:"questions"`  // sequences asked of a document, cloze questions included
	Cloze     float64 `json:"cloze"`      // share of cloze questions, where a task has them
	AskTokens int     `json:"ask_tokens"` // longest question with its answer; longer ones are left out
	Answers   int     `json:"answers"`    // most answer tokens of a document that carry a loss
	Generated float64 `json:"generated"`  // share of documents with generated instead of corpus filler
	Direct    float64 `json:"direct"`     // share of documents whose record questions are answered without support

	Drills  *Drills  `json:"drills,omitempty"`
	Foreign *Foreign `json:"foreign,omitempty"`

	// The outer loop.
	OuterSteps int     `json:"outer_steps"`
	Pretrain   int     `json:"pretrain"`          // steps before the first outer step: of plain language modelling, a reader's of quotations
	Puzzles    float64 `json:"puzzles,omitempty"` // share of pretraining's documents that are puzzles
	LR         float64 `json:"lr"`
	RateLR     float64 `json:"rate_lr"` // learning rate of the logarithms of the inner rates
	Warmup     int     `json:"warmup"`
	Decay      float64 `json:"decay"` // the learning rate falls linearly to 0 over this last share of the steps
	WD         float64 `json:"weight_decay"`
	Clip       float64 `json:"clip"`
	Aux        float64 `json:"aux"`       // weight of the auxiliary language-model loss on the document
	AuxShare   float64 `json:"aux_share"` // share of the document's tokens that it looks at

	// Reader, where set, trains a baseline that answers from its prompt (type Reader). The fields of the inner loop then count only where the adapter is
	// loaded as well.
	Reader *retrieve.Settings `json:"reader,omitempty"`
}

// Share is a task's part of the mixture.
type Share struct {
	Task   string  `json:"task"`
	Weight float64 `json:"weight"`
	From   float64 `json:"from"` // share of the training after which the task joins
	// Until is the share of the training after which the task leaves; 0: it stays.
	Until float64 `json:"until,omitempty"`
	// MinTokens and MaxTokens bound the task's documents; 0: only the curriculum does.
	MinTokens int `json:"min_tokens,omitempty"`
	MaxTokens int `json:"max_tokens,omitempty"`
}

// Foreign are questions that a document does not answer, beside those that it does: they are answered with a mark (recipe.Prompt.Nothing).
type Foreign struct {
	Questions int     `json:"questions"` // of each document, where its task has such questions
	From      float64 `json:"from"`      // share of the training after which they are asked
}

// Stage draws document lengths log-uniformly from Min to Max tokens from a share of the training on.
type Stage struct {
	From float64 `json:"from"`
	Min  int     `json:"min"`
	Max  int     `json:"max"`
}

// ParseConfig reads a Config from JSON; unknown fields are errors. base is the model to train for, from which the field model comes; nil: one from nothing. Errors: EInvalid.
func ParseConfig(b []byte, base *lm.Model) (*Config, error) {
	c := &Config{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, perk.Errorf(perk.EInvalid, "meta.ParseConfig", "training configuration: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, perk.Errorf(perk.EInvalid, "meta.ParseConfig", "training configuration goes on after its JSON object")
	}
	if base != nil {
		if c.Model != (lm.Config{}) && c.Model != base.Config() {
			return nil, perk.Errorf(perk.EInvalid, "meta.ParseConfig", "the training configuration is of a model %+v, the base model is %+v", c.Model, base.Config()).
				WithHint("leave the field model out: it comes from the base model")
		}
		c.Model, c.Base = base.Config(), base.ID()
	}
	return c, c.Validate()
}

// frozen reports a base model that does not train.
func (c *Config) frozen() bool { return !c.Base.IsZero() }

// Validate reports the first field that training cannot work with. Errors: EInvalid.
func (c *Config) Validate() error {
	bad := func(format string, args ...any) error {
		return perk.Errorf(perk.EInvalid, "meta.Config", "training configuration: "+format, args...)
	}
	switch {
	case c.frozen() && (c.Reader != nil || c.Pretrain > 0 || c.Aux > 0):
		return bad("a base model that stays as it is has no reader, pretrain or aux: all of them train it")
	case !c.frozen() && c.Model.Arch != lm.ArchNano:
		return bad("only the architecture %q trains from nothing, not %q: a base model of another one is named by --base", lm.ArchNano, c.Model.Arch)
	}
	if err := c.Model.Validate(); err != nil {
		return err
	}
	switch {
	case len(c.Tasks) == 0 || len(c.Lengths) == 0 || c.Tasks[0].From > 0 || c.Lengths[0].From > 0:
		return bad("the first task and the first length must start at 0")
	case c.Questions < 1 || c.Answers < 1 || c.AskTokens < 8 || c.Budget < 1:
		return bad("questions %d, answers %d, ask_tokens %d or budget %d is too small", c.Questions, c.Answers, c.AskTokens, c.Budget)
	case c.Precision != "" && c.Precision != encoder.Float32 && c.Precision != encoder.BFloat16:
		return bad("precision is %q, want %q or %q", c.Precision, encoder.Float32, encoder.BFloat16)
	case c.OuterSteps < 0 || !(c.LR > 0) || !(c.Clip > 0):
		return bad("outer_steps %d must not be negative, lr %v and clip %v must be positive", c.OuterSteps, c.LR, c.Clip)
	}
	for _, share := range []struct {
		name  string
		value float64
	}{{"cloze", c.Cloze}, {"generated", c.Generated}, {"direct", c.Direct}, {"puzzles", c.Puzzles}, {"decay", c.Decay}, {"aux_share", c.AuxShare}} {
		if !(share.value >= 0 && share.value <= 1) {
			return bad("%s is %v, want a share from 0 to 1", share.name, share.value)
		}
	}
	for i, l := range c.Lengths {
		if l.Min < 32 || l.Max < l.Min || i > 0 && l.From < c.Lengths[i-1].From {
			return bad("lengths[%d] is %+v", i, l)
		}
	}
	for _, s := range c.Tasks {
		if err := task.Known(s.Task); err != nil {
			return err
		}
		if _, err := task.ByName(s.Task); err != nil && !c.frozen() && c.Reader == nil {
			return err // the tokenizer learns from tasks that need no data
		}
		if !(s.Weight >= 0) {
			return bad("the weight of task %s is %v", s.Task, s.Weight)
		}
		if s.MinTokens < 0 || s.MaxTokens < 0 || s.MaxTokens > 0 && s.MinTokens > s.MaxTokens {
			return bad("documents of task %s have %d to %d tokens", s.Task, s.MinTokens, s.MaxTokens)
		}
	}
	if c.Drills != nil {
		if err := c.Drills.validate(bad); err != nil {
			return err
		}
	}
	if f := c.Foreign; f != nil && (c.Reader != nil || f.Questions < 1 || f.Questions >= c.Questions || !(f.From >= 0)) {
		return bad("foreign is %+v: a document of a memory is asked 1 to questions-1 of them", *f)
	}
	if c.Reader != nil {
		return c.validateReader()
	}
	return c.validateWrite()
}

// validateWrite holds the inner loop's fields to what recipe.Validate takes of the trained recipe, hours later.
func (c *Config) validateWrite() error {
	bad := func(format string, args ...any) error {
		return perk.Errorf(perk.EInvalid, "meta.Config", "training configuration: "+format, args...)
	}
	switch {
	case len(c.Targets) == 0 || c.Steps < 1:
		return bad("%d targets and %d inner steps, want at least one of each", len(c.Targets), c.Steps)
	case c.Unroll < 0 || c.Unroll > c.Steps:
		return bad("unroll is %d, want 0 to %d steps", c.Unroll, c.Steps)
	case c.Steps > recipe.MaxSteps:
		return bad("%d inner steps, at most %d are allowed", c.Steps, recipe.MaxSteps)
	case !(c.InnerRate > 0) || !(c.LossDivisor > 0):
		return bad("inner_rate %v and loss_divisor %v must be positive", c.InnerRate, c.LossDivisor)
	case c.WeightHidden < 0 || c.Overlap < 0 || c.Overlap > c.ChunkTokens || c.Pretrain < 0:
		return bad("weight_hidden %d, overlap %d or pretrain %d is out of range", c.WeightHidden, c.Overlap, c.Pretrain)
	case c.ChunkTokens < 1 || c.ChunkTokens >= c.Model.Context || c.AskTokens > c.Model.Context:
		return bad("chunks of %d+1 and questions of %d tokens do not fit a context of %d", c.ChunkTokens, c.AskTokens, c.Model.Context)
	case !lora.ValidBits(c.Bits):
		return bad("bits is %d, want 32 or 1 to 8", c.Bits)
	}
	for i, t := range c.Targets {
		if i > 0 && t.Module <= c.Targets[i-1].Module || !t.TrainA && !t.TrainB {
			return bad("target %q is out of order or never written", t.Module)
		}
	}
	switch r := c.Rule; r.Name {
	case recipe.SGD:
	case recipe.AdamW:
		if !(r.Beta1 >= 0 && r.Beta1 < 1 && r.Beta2 >= 0 && r.Beta2 < 1 && r.Eps > 0 && r.WeightDecay >= 0) {
			return bad("rule adamw wants betas in [0,1), eps > 0 and weight_decay >= 0, got %+v", r)
		}
	case recipe.Normalized:
		if r != (recipe.Rule{Name: recipe.Normalized, Eps: r.Eps}) || !(r.Eps > 0) {
			return bad("rule normalized wants eps > 0 and nothing else, got %+v", r)
		}
	case recipe.Ridge:
		if len(c.Targets) != 1 || c.Targets[0].TrainA || !(c.InnerRidge > 0) {
			return bad("the ridge rule needs a positive inner_ridge, and one target whose A is fixed")
		}
	default:
		return bad("there is no rule %q", r.Name)
	}
	return nil
}

// seq is the length of a write sequence: label and chunk.
func (c *Config) seq() int { return c.ChunkTokens + 1 }

func (c *Config) target(module string) recipe.Target {
	for _, t := range c.Targets {
		if t.Module == module {
			return t
		}
	}
	return recipe.Target{}
}

// chunking is a recipe with just what encoder.Chunk reads.
func (c *Config) chunking() *recipe.Recipe {
	return &recipe.Recipe{ChunkTokens: c.ChunkTokens, Overlap: c.Overlap, Reverse: c.Reverse}
}
