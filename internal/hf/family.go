package hf

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

// family is how Transformers configures and names the models of one model_type.
type family struct {
	config func(raw []byte) (lm.Config, error)
	prefix string            // before every name but the head's, unless the model was saved without its head
	layers string            // before a layer's number
	parts  map[string]string // lm's module or tensor, inside a layer or outside, to Transformers' module
	conv1D bool              // linear modules store (in, out)
	unused []string          // endings of names that hold no weights
}

// familyOf gives a model_type's family.
func familyOf(modelType string) (family, bool) {
	switch modelType {
	case "llama":
		return llamaFamily(lm.ArchLlama), true
	case "qwen2":
		return llamaFamily(lm.ArchQwen2), true
	case "gpt2":
		return gpt2Family(), true
	}
	return family{}, false
}

// parseConfig reads config.json.
func parseConfig(raw []byte) (family, lm.Config, error) {
	var head struct {
		ModelType    string          `json:"model_type"`
		Quantization json.RawMessage `json:"quantization_config"`
	}
	if err := decode(raw, &head); err != nil {
		return family{}, lm.Config{}, err
	}
	f, ok := familyOf(head.ModelType)
	if !ok {
		return f, lm.Config{}, unsupported("model_type", head.ModelType, "use a model of type llama, qwen2 or gpt2")
	}
	if len(head.Quantization) > 0 && string(head.Quantization) != "null" {
		return f, lm.Config{}, unsupported("quantization_config", "quantised weights", "use the model's variant in float32, bfloat16 or float16")
	}
	c, err := f.config(raw)
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		return f, c, perk.Errorf(perk.ErrorCode(err), op, "%s: %w", ConfigFile, err)
	}
	return f, c, nil
}

// decode parses the whole of config.json, of which v names some fields.
func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	err := d.Decode(v)
	if err == nil {
		if _, rest := d.Token(); rest != io.EOF {
			return perk.Errorf(perk.EInvalid, op, "%s goes on after its JSON object", ConfigFile)
		}
		return nil
	}
	return perk.Errorf(perk.EInvalid, op, "parse %s: %w", ConfigFile, err).WithHint("fetch the file again, or correct the field that is named")
}

// unsupported tells that a configuration asks for something that perk does not compute.
func unsupported(field string, value any, hint string) error {
	return perk.Errorf(perk.EInvalid, op, "%s: %s: perk does not run %v", ConfigFile, field, value).WithHint("%s", hint)
}

// size is a number of config.json that must be there.
type size struct {
	field string
	value int
}

// present reports the first size that is missing or not positive.
func present(sizes ...size) error {
	for _, s := range sizes {
		if s.value < 1 {
			return perk.Errorf(perk.EInvalid, op, "%s is %d, want at least 1", s.field, s.value).WithHint("the field is missing or wrong")
		}
	}
	return nil
}

// or gives the value of a field that may be absent.
func or[T any](field *T, absent T) T {
	if field == nil {
		return absent
	}
	return *field
}

// headName has no prefix in any family.
const headName = "lm_head.weight"

// name gives Transformers' name of lm's tensor, and whether it is stored the other way round.
func (f family) name(tensor, prefix string, dims int) (name string, turned bool) {
	stem, kind := tensor, ".weight"
	if s, ok := strings.CutSuffix(tensor, ".bias"); ok {
		stem, kind = s, ".bias"
	}
	if rest, ok := strings.CutPrefix(stem, "layers."); ok {
		number, part, _ := strings.Cut(rest, ".")
		return prefix + f.layers + number + "." + f.parts[part] + kind, f.conv1D && dims == 2
	}
	if tensor == "head" {
		return headName, false
	}
	return prefix + f.parts[stem] + kind, false
}

// isUnused tells of a name that no configuration of the family computes with.
func (f family) isUnused(name string) bool {
	return slices.ContainsFunc(f.unused, func(end string) bool { return strings.HasSuffix(name, end) })
}

// CheckConfig tells whether perk runs the model of a folder, of which only config.json need be there. Errors: as Open.
func CheckConfig(dir fs.FS) error {
	raw, err := readSmall(dir, ConfigFile, maxConfig)
	if err == nil {
		_, _, err = parseConfig(raw)
	}
	return err
}
