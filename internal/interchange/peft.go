package interchange

import (
	"encoding/json"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// Names of the files of a PEFT adapter.
const (
	PEFTWeights = "adapter_model.safetensors"
	PEFTConfig  = "adapter_config.json"
)

// Parts of the names of PEFT's tensors: a module's path stands between them.
const (
	peftPrefix = "base_model.model."
	suffixA    = ".lora_A.weight"
	suffixB    = ".lora_B.weight"
)

// written is the part of PEFT's LoraConfig that says how an adapter is applied. Its factor is lora_alpha / r.
type written struct {
	Type         string             `json:"peft_type"`
	Task         string             `json:"task_type"`
	Base         string             `json:"base_model_name_or_path"`
	Rank         int                `json:"r"`
	Alpha        float64            `json:"lora_alpha"`
	RankStable   bool               `json:"use_rslora"` // would make the factor lora_alpha / sqrt(r)
	Targets      []string           `json:"target_modules"`
	RankPattern  map[string]int     `json:"rank_pattern"`  // modules with another rank
	AlphaPattern map[string]float64 `json:"alpha_pattern"` // and their alpha, for the same factor
	Dropout      float64            `json:"lora_dropout"`
	Bias         string             `json:"bias"`
	FanInFanOut  bool               `json:"fan_in_fan_out"` // the base stores (in, out), as GPT-2 does
	Inference    bool               `json:"inference_mode"`
}

// MarshalPEFT gives the files PEFTWeights and PEFTConfig of Hugging Face PEFT for a whole adapter of the named base model of configuration c. Errors: EInvalid
// (a missing or non-finite tensor, no pairs, NormA, an architecture that Transformers does not have).
func MarshalPEFT(a *lora.Adapter, c lm.Config, base string) (weights, config []byte, err error) {
	if err := outgoing(a, c); err != nil {
		return nil, nil, err
	}
	var tensors []safetensors.Tensor
	names := a.Names()
	first := a.Pairs[names[0]].Rank
	// Not with the root of rsLoRA: so the factor is the scale exactly, and programs that do not know the flag compute the same.
	alpha := func(rank int) float64 { return float64(a.Scale) * float64(rank) }
	w := written{
		Type: "LORA", Task: "CAUSAL_LM", Base: base, Rank: first, Alpha: alpha(first),
		RankPattern: map[string]int{}, AlphaPattern: map[string]float64{}, Bias: "none", FanInFanOut: c.Arch == lm.ArchGPT2, Inference: true,
	}
	for _, name := range names {
		p := a.Pairs[name]
		path, _ := hf.Module(c.Arch, name) // outgoing has looked
		b := p.B
		if rotated(c, name) && !c.RopeHalf {
			b = reordered(b, p.Rank, c.Dim/c.Heads, true)
		}
		tensors = append(tensors, safetensors.Tensor{Name: peftPrefix + path + suffixA, Shape: []int{p.Rank, p.In}, Data: p.Down()},
			safetensors.Tensor{Name: peftPrefix + path + suffixB, Shape: []int{p.Out, p.Rank}, Data: b})
		w.Targets = append(w.Targets, path)
		if p.Rank != first {
			w.RankPattern[path], w.AlphaPattern[path] = p.Rank, alpha(p.Rank)
		}
	}
	if weights, err = safetensors.Marshal(map[string]string{"format": "pt"}, tensors); err != nil {
		return nil, nil, err
	}
	if config, err = json.MarshalIndent(w, "", "  "); err != nil {
		return nil, nil, perk.E(perk.EInternal, op, err)
	}
	return weights, append(config, '\n'), nil
}
