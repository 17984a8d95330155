package lora

import (
	"encoding/json"
	"strconv"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// Metadata of exported adapters. scale is the factor of every low-rank update, norm_a the JSON list of the modules with NormA.
const (
	whole    = "lora-1"
	scaleKey = "perk.scale"
	normKey  = "perk.norm_a"
)

// MarshalWhole stores every tensor of an adapter, trained or not, as float32 in a safetensors file whose metadata has the rest: what a program needs that
// has the base model and no recipe. Errors: EInvalid (a missing tensor, an element that is not finite).
func (a *Adapter) MarshalWhole() ([]byte, error) { return a.marshalWhole("", whole) }

// marshalWhole puts a prefix before the tensors' names.
func (a *Adapter) marshalWhole(prefix, format string) ([]byte, error) {
	if err := a.Validate(false); err != nil {
		return nil, err
	}
	tensors := a.All()
	for i, t := range tensors {
		if err := finite(t, perk.EInvalid); err != nil {
			return nil, err
		}
		tensors[i].Name = prefix + t.Name
	}
	norm, err := json.Marshal(a.Normalised())
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	return safetensors.Marshal(map[string]string{
		formatKey: format, scaleKey: strconv.FormatFloat(float64(a.Scale), 'g', -1, 32), normKey: string(norm),
	}, tensors)
}

// Normalised lists the modules with NormA, which other programs than perk do not know.
func (a *Adapter) Normalised() []string {
	out := []string{}
	for _, name := range a.Names() {
		if a.Pairs[name].NormA {
			out = append(out, name)
		}
	}
	return out
}

// Names of the files of a PEFT adapter.
const (
	PEFTWeights = "adapter_model.safetensors"
	PEFTConfig  = "adapter_config.json"
)

// peftConfig is the part of PEFT's LoraConfig that says how an adapter is applied. Its factor is lora_alpha / r.
type peftConfig struct {
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
	FanInFanOut  bool               `json:"fan_in_fan_out"`
	Inference    bool               `json:"inference_mode"`
}

// MarshalPEFT gives the files PEFTWeights and PEFTConfig of Hugging Face PEFT for a whole adapter of the named base model. PEFT does not know
// NormA: it applies the pairs that Normalised lists wrongly, without their normalisation. Errors: EInvalid as MarshalWhole, and for an adapter without pairs.
func (a *Adapter) MarshalPEFT(base string) (weights, config []byte, err error) {
	names := a.Names()
	if len(names) == 0 {
		return nil, nil, perk.Errorf(perk.EInvalid, op, "the adapter has no pairs")
	}
	if weights, err = a.marshalWhole("base_model.model.", "lora-peft"); err != nil {
		return nil, nil, err
	}
	alpha := func(rank int) float64 { return float64(a.Scale) * float64(rank) } // exact in both directions, unlike the root
	rank := a.Pairs[names[0]].Rank
	c := peftConfig{
		Type: "LORA", Task: "CAUSAL_LM", Base: base, Rank: rank, Alpha: alpha(rank), Targets: names,
		RankPattern: map[string]int{}, AlphaPattern: map[string]float64{}, Bias: "none", Inference: true,
	}
	for _, name := range names[1:] {
		if r := a.Pairs[name].Rank; r != rank {
			c.RankPattern[name], c.AlphaPattern[name] = r, alpha(r)
		}
	}
	config, err = json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, nil, perk.E(perk.EInternal, op, err)
	}
	return weights, append(config, '\n'), nil
}
