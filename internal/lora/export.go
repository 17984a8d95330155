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
func (a *Adapter) MarshalWhole() ([]byte, error) {
	if err := a.Complete(); err != nil {
		return nil, err
	}
	norm, err := json.Marshal(a.Normalised())
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	return safetensors.Marshal(map[string]string{
		formatKey: whole, scaleKey: strconv.FormatFloat(float64(a.Scale), 'g', -1, 32), normKey: string(norm),
	}, a.All())
}

// Complete reports an EInvalid error unless every tensor is there, of its size and finite.
func (a *Adapter) Complete() error {
	if err := a.Validate(false); err != nil {
		return err
	}
	for _, t := range a.All() {
		if err := finite(t, perk.EInvalid); err != nil {
			return err
		}
	}
	return nil
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
