package interchange

import (
	"math"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/torchfile"
)

// What PERK's released code fixes, or does not say in its checkpoints (perk/model.py, perk/modules/meta_module.py, perk/lslr_schedular.py).
const (
	perkModel   = "model.lm_model.base_model.model." // before a module's path
	perkRates   = "inner_schedular.names_lr_dict."   // before a tensor's name, in which points are hyphens
	perkLayer   = "lm_model.base_model.model."       // before a module's path in that name
	perkA       = ".lora_A.default.weight"
	perkB       = ".lora_B.default.weight"
	perkHead    = "model.weighting_model." // the weighting head: fc1, a GELU, fc2, a softplus
	perkHidden  = 128                      // width of the head
	perkChunk   = 128                      // tokens of a chunk at test time
	perkDivisor = 1024                     // ours: theirs is the number of tokens, which AdamW does not notice but for its eps
	perkHint    = "give a checkpoint (.ckpt) of training with peft_lora true, dyna_lr true and the base model that it was trained for"
)

// perkReader reads the tensors of a checkpoint's state_dict; after the first error it gives empty ones.
type perkReader struct {
	file  *torchfile.File
	state map[string]*torchfile.Tensor
	err   error
}

func bad(format string, args ...any) *perk.Error {
	return perk.Errorf(perk.EInvalid, op, "PERK checkpoint: "+format, args...).WithHint(perkHint)
}

// ParsePERK makes a recipe of a checkpoint that the PERK authors' released code trained for base model m: the initial adapter that PEFT keeps, the rates of its inner steps (LSLR) and the
// weighting head. Their head reads a token's own hidden state only; the half of ours that reads the one before is zero. What differs from their code: the head sees the hidden states of the base model
// and not of the adapter under way, nothing is dropped out during the write, and the loss is divided by a constant. Errors: EInvalid (another layout, another base model, settings that a recipe does not
// have), ECorrupt.
func ParsePERK(f *torchfile.File, m *lm.Model, tok recipe.Tokenizer) (*recipe.Recipe, error) {
	root, _ := f.Root.(*torchfile.Dict)
	state, _ := root.Get("state_dict").(*torchfile.Dict)
	settings, _ := root.Get("hyper_parameters").(*torchfile.Dict)
	if state == nil || settings == nil {
		return nil, bad("no state_dict and hyper_parameters, as PyTorch Lightning saves them")
	}
	base, err := recipe.BaseID(m.ID(), tok)
	if err != nil {
		return nil, err
	}
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		return nil, err
	}
	r := &recipe.Recipe{Version: recipe.Version, Model: base, Rule: recipe.DefaultAdamW(), LossDivisor: perkDivisor, ChunkTokens: min(perkChunk, m.Config().Context-1),
		Prompt: sp.Prompt(), Bits: 8, Init: &lora.Adapter{Pairs: map[string]*lora.Pair{}}}
	rd := &perkReader{file: f, state: map[string]*torchfile.Tensor{}}
	for _, i := range state.Items {
		name, _ := i.Key.(string)
		if t, ok := i.Value.(*torchfile.Tensor); ok {
			rd.state[name] = t
		}
	}
	rd.adapter(r, m, settings)
	rd.rates(r, m.Config().Arch, settings)
	rd.head(r, m.Config().Dim, settings)
	if rd.err != nil {
		return nil, rd.err
	}
	return r, r.Validate()
}

// number gives a setting that is a number; NaN where it is none.
func number(settings *torchfile.Dict, name string) float64 {
	switch v := settings.Get(name).(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

// tensor reads a tensor of the given shape; -1 stands for any size.
func (rd *perkReader) tensor(name string, shape ...int) (data []float32, got []int) {
	t, ok := rd.state[name]
	fits := ok && len(t.Shape) == len(shape)
	for i := 0; fits && i < len(shape); i++ {
		fits = shape[i] == t.Shape[i] || shape[i] < 0
	}
	if rd.err == nil && !ok {
		rd.err = bad("tensor %q is missing", name)
	} else if rd.err == nil && !fits {
		rd.err = bad("tensor %q has shape %v, want %v (-1: any)", name, t.Shape, shape)
	}
	if rd.err != nil {
		return nil, nil
	}
	data, rd.err = rd.file.Floats(t)
	return data, t.Shape
}

// adapter fills targets, scale and initial adapter.
func (rd *perkReader) adapter(r *recipe.Recipe, m *lm.Model, settings *torchfile.Dict) {
	c := m.Config()
	pairs := 0
	for name := range rd.state {
		if strings.Contains(name, ".lora_A.") {
			pairs++
		}
	}
	for _, l := range m.Linears() {
		path, ok := hf.Module(c.Arch, l.Name)
		if !ok {
			rd.err = bad("architecture %q runs in perk only", c.Arch)
			return
		}
		name := perkModel + path
		if rd.state[name+perkA] == nil {
			continue
		}
		a, shape := rd.tensor(name+perkA, -1, l.In)
		if rd.err != nil {
			return
		}
		b, _ := rd.tensor(name+perkB, l.Out, shape[0])
		if rd.err != nil {
			return
		}
		if rotated(c, l.Name) && !c.RopeHalf {
			b = reordered(b, shape[0], c.Dim/c.Heads, false)
		}
		r.Targets = append(r.Targets, recipe.Target{Module: l.Name, Rank: shape[0], TrainA: true, TrainB: true})
		r.Init.Pairs[l.Name] = &lora.Pair{A: a, B: b, In: l.In, Out: l.Out, Rank: shape[0], TrainA: true, TrainB: true}
	}
	alpha := number(settings, "lora_alpha")
	if len(r.Targets) == 0 || len(r.Targets) != pairs || !(alpha > 0) {
		rd.err = bad("%d of %d adapted modules are the base model's, lora_alpha is %v", len(r.Targets), pairs, alpha)
		return
	}
	if slices.ContainsFunc(r.Targets, func(t recipe.Target) bool { return t.Rank != r.Targets[0].Rank }) {
		rd.err = bad("modules have different ranks, their code gives all the same")
		return
	}
	slices.SortFunc(r.Targets, func(a, b recipe.Target) int { return strings.Compare(a.Module, b.Module) })
	r.Scale = float32(alpha / math.Sqrt(float64(r.Targets[0].Rank))) // use_rslora
	r.Init.Scale = r.Scale
}

// rates fills rule, steps and rates. The table has a column more than there are steps, which is never used.
func (rd *perkReader) rates(r *recipe.Recipe, arch string, settings *torchfile.Dict) {
	steps, decay := number(settings, "n_inner_iter"), number(settings, "weight_decay")
	if rd.err == nil && (!(steps >= 1 && steps <= recipe.MaxSteps) || !(decay >= 0) || settings.Get("dyna_lr") != true) {
		rd.err = bad("n_inner_iter %v, weight_decay %v, dyna_lr %v", steps, decay, settings.Get("dyna_lr"))
	}
	if rd.err != nil {
		return
	}
	r.Steps, r.Rule.WeightDecay = int(steps), float32(decay)
	r.Rates = make([][]float32, r.Steps)
	for _, name := range r.Init.Names() {
		path, _ := hf.Module(arch, name)
		for _, half := range []string{perkA, perkB} {
			table, _ := rd.tensor(perkRates+strings.ReplaceAll(perkLayer+path+half, ".", "-"), r.Steps+1)
			if rd.err != nil {
				return
			}
			for n := range r.Steps {
				r.Rates[n] = append(r.Rates[n], table[n])
			}
		}
	}
}

// head fills the weighting head, where the training had one.
func (rd *perkReader) head(r *recipe.Recipe, dim int, settings *torchfile.Dict) {
	if rd.err != nil || settings.Get("weighted_loss") != true {
		return
	}
	if settings.Get("weight_non_linearity") != "softplus" || settings.Get("weight_normalize") == true {
		rd.err = bad("weight_non_linearity is %v, weight_normalize %v: a recipe's head ends with softplus and is not normalised", settings.Get("weight_non_linearity"), settings.Get("weight_normalize"))
		return
	}
	own, _ := rd.tensor(perkHead+"fc1.weight", perkHidden, dim)
	w := &recipe.Weighting{Dim: dim, Hidden: perkHidden, W1: make([]float32, 2*perkHidden*dim)}
	w.B1, _ = rd.tensor(perkHead+"fc1.bias", perkHidden)
	w.W2, _ = rd.tensor(perkHead+"fc2.weight", 1, perkHidden)
	w.B2, _ = rd.tensor(perkHead+"fc2.bias", 1)
	for i := 0; i*dim < len(own); i++ {
		copy(w.W1[(2*i+1)*dim:], own[i*dim:(i+1)*dim])
	}
	r.Weighting = w
}
