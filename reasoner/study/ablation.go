package study

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/internal/recipe"
)

// ablation is a short training that differs from the reference in one thing.
type ablation struct {
	name   string // of the variant and its configuration file
	group  string // the reference that it is compared with
	label  string // short, for plots
	what   string // for people
	change func(c *meta.Config)
}

// References: the shipped form, and PERK's form with A and B of all linear layers and several AdamW steps, where steps, rates and truncation matter.
const (
	ridgeForm = "ridge"
	adamForm  = "adamw"
)

func ablations() []ablation {
	rank := func(n int) ablation {
		return ablation{fmt.Sprintf("ridge-rank-%d", n), ridgeForm, fmt.Sprintf("rank %d", n), fmt.Sprintf("rank %d", n), func(c *meta.Config) { c.Targets[0].Rank = n }}
	}
	steps := func(n int) ablation {
		return ablation{fmt.Sprintf("adamw-steps-%d", n), adamForm, fmt.Sprintf("N=T=%d", n), fmt.Sprintf("N = %d, all unrolled", n), func(c *meta.Config) { perkForm(c); c.Steps, c.Unroll = n, n }}
	}
	return []ablation{
		{ridgeForm, ridgeForm, "reference", "reference: ridge rule, B of the top layer, one step", func(*meta.Config) {}},
		rank(16), rank(64), rank(128),
		{"ridge-no-weighting", ridgeForm, "no weights", "token weighting off", func(c *meta.Config) { c.WeightHidden = 0 }},
		{"ridge-no-reverse", ridgeForm, "forwards", "chunks written forwards only", func(c *meta.Config) { c.Reverse = false }},
		{"sgd", ridgeForm, "sgd", "plain gradient in place of ridge", func(c *meta.Config) {
			c.Rule, c.InnerRidge, c.InnerRate = recipe.Rule{Name: recipe.SGD}, 0, 1
		}},
		{adamForm, adamForm, "reference", "reference: AdamW, A and B of all layers, N = 4, T = 2", perkForm},
		steps(1), steps(2), steps(4),
		{"adamw-truncate-1", adamForm, "T=1", "T = 1", func(c *meta.Config) { perkForm(c); c.Unroll = 1 }},
		{"adamw-truncate-0", adamForm, "T=0", "T = 0: first order, updates are constants", func(c *meta.Config) { perkForm(c); c.Unroll = 0 }},
		{"adamw-one-rate", adamForm, "one rate", "LSLR off: one rate for all tensors and steps, not learned", func(c *meta.Config) { perkForm(c); c.RateLR = 0 }},
		{"adamw-no-weighting", adamForm, "no weights", "token weighting off", func(c *meta.Config) { perkForm(c); c.WeightHidden = 0 }},
	}
}

// perkForm is PERK's inner loop: several AdamW steps into A and B of all linear layers.
func perkForm(c *meta.Config) {
	c.Targets = nil
	for layer := range c.Model.Layers {
		for _, module := range []string{"attn.k", "attn.o", "attn.q", "attn.v", "mlp.down", "mlp.up"} {
			c.Targets = append(c.Targets, recipe.Target{Module: fmt.Sprintf("layers.%d.%s", layer, module), Rank: 16, TrainA: true, TrainB: true})
		}
	}
	c.Rule = recipe.DefaultAdamW()
	c.Scale, c.Steps, c.Unroll, c.InnerRate, c.InnerRidge = 1, 4, 2, 5e-3, 0
}

// short makes a training configuration one of minutes: three tasks, up to 512 tokens, 1,000 steps.
func short(c *meta.Config) {
	c.Tasks = []meta.Share{{Task: "babilong-qa1", Weight: 0.3}, {Task: "student-recall", Weight: 0.35}, {Task: "babilong-qa2", Weight: 0.35, From: 0.1}}
	c.Lengths = []meta.Stage{{Min: 90, Max: 180}, {From: 0.2, Min: 90, Max: 300}, {From: 0.5, Min: 90, Max: 512}}
	c.OuterSteps = 1000
}

// Configs gives the training configuration of every ablation by its name, made from a model's own configuration. Errors: EInvalid (a base that is no
// valid configuration, or has no ridge rule to vary).
func Configs(base []byte) (map[string][]byte, error) {
	const op = "study.Configs"
	out := map[string][]byte{}
	for _, a := range ablations() {
		c, err := meta.ParseConfig(base, nil)
		if err != nil {
			return nil, err
		}
		if c.Rule.Name != recipe.Ridge {
			return nil, perk.Errorf(perk.EInvalid, op, "the base has the rule %q; the ablations vary the rule %q", c.Rule.Name, recipe.Ridge)
		}
		short(c)
		a.change(c)
		c.Name = a.name
		if err := c.Validate(); err != nil {
			return nil, perk.Errorf(perk.EInvalid, op, "ablation %s: %w", a.name, err)
		}
		b, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			return nil, perk.E(perk.EInternal, op, err)
		}
		out[a.name] = append(b, '\n')
	}
	return out, nil
}

// groups lists the references in their order, and the ablations of each.
func groups() (names []string, of map[string][]ablation) {
	of = map[string][]ablation{}
	for _, a := range ablations() {
		if !slices.Contains(names, a.group) {
			names = append(names, a.group)
		}
		of[a.group] = append(of[a.group], a)
	}
	return names, of
}
