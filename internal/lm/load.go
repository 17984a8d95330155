package lm

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// configKey names the configuration in the file's metadata.
const configKey = "perk.config"

// MarshalBinary stores configuration and weights as a safetensors file; equal models give equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	cfg, err := json.Marshal(m.cfg)
	if err != nil {
		return nil, perk.E(perk.EInternal, op, err)
	}
	return safetensors.Marshal(map[string]string{configKey: string(cfg)}, m.Tensors())
}

// Load reads a model that MarshalBinary wrote. Errors: ECorrupt (damaged bytes), EInvalid (as New).
func Load(b []byte) (*Model, error) {
	f, err := safetensors.Read(b)
	if err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	text, ok := f.Metadata[configKey]
	if !ok {
		return nil, perk.Errorf(perk.EInvalid, op, "the file has no %s", configKey).WithHint("it is a safetensors file, but no model of perk")
	}
	var cfg Config
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&cfg); err != nil {
		return nil, perk.Errorf(perk.EInvalid, op, "parse %s: %w", configKey, err)
	}
	shapes, err := Tensors(cfg)
	if err != nil {
		return nil, err
	}
	data := make(map[string][]float32, len(f.Tensors))
	for _, t := range f.Tensors {
		data[t.Name] = t.Data
	}
	for _, want := range shapes {
		if got, ok := f.Tensor(want.Name); ok && !slices.Equal(got.Shape, want.Shape) {
			return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has shape %v, want %v", want.Name, got.Shape, want.Shape)
		}
	}
	return New(cfg, data)
}
