package interchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// read is the part of PEFT's LoraConfig that decides what an adapter computes. Ranks are those of the tensors.
type read struct {
	Type         string             `json:"peft_type"`
	Alpha        float64            `json:"lora_alpha"`
	RankStable   bool               `json:"use_rslora"`
	AlphaPattern map[string]float64 `json:"alpha_pattern"` // by a regular expression for the end of a module's path

	patterns map[string]*regexp.Regexp // of those that are not simply the end of a path
}

// plain lists the fields that change the base model or the update, each with the values that do not.
var plain = map[string][]string{
	"bias": {`"none"`}, "lora_bias": {"false"}, "use_dora": {"false"}, "use_qalora": {"false"}, "use_bdlora": {"null", "false"},
	"modules_to_save": {"null", "[]"}, "trainable_token_indices": {"null", "[]", "{}"}, "target_parameters": {"null", "[]"}, "alora_invocation_tokens": {"null", "[]"},
	"layer_replication": {"null", "[]"}, "arrow_config": {"null"}, "kasa_config": {"null"}, "monteclora_config": {"null"},
	// The others, such as pissa and olora, take something from the base model's own weights.
	"init_lora_weights": {"null", "true", "false", `"gaussian"`, `"orthogonal"`, `"eva"`},
}

// maxPEFTConfig bounds adapter_config.json; real ones have one or two KB.
const maxPEFTConfig = 1 << 20

// Limits of regular expressions, which take far more memory than their text. Names of modules are none.
const (
	maxPatterns = 32
	maxPattern  = 200 // bytes
)

// isName tells a pattern that is the end of a module's path. In PEFT its points match any character.
func isName(pattern string) bool {
	return !strings.ContainsFunc(pattern, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-')
	})
}

// parsePEFTConfig reads adapter_config.json. Errors: EInvalid.
func parsePEFTConfig(raw []byte) (*read, error) {
	bad := func(format string, args ...any) *perk.Error {
		return perk.Errorf(perk.EInvalid, op, PEFTConfig+": "+format, args...)
	}
	if len(raw) > maxPEFTConfig {
		return nil, bad("%d bytes, at most %d are read", len(raw), maxPEFTConfig)
	}
	c := &read{patterns: map[string]*regexp.Regexp{}}
	var all map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(raw, c), json.Unmarshal(raw, &all)); err != nil {
		return nil, bad("%w", err)
	}
	if c.Type != "LORA" {
		return nil, bad("peft_type is %q, perk applies LORA", c.Type).WithHint("save the adapter as a LoRA adapter, in PEFT by convert_to_lora or merging into one")
	}
	for _, field := range slices.Sorted(maps.Keys(plain)) {
		if v := string(bytes.TrimSpace(all[field])); v != "" && !slices.Contains(plain[field], v) {
			return nil, bad("%s is %.80s: perk applies plain LoRA pairs to an unchanged base model only", field, v)
		}
	}
	for pattern := range c.AlphaPattern {
		if isName(pattern) {
			continue
		}
		if len(pattern) > maxPattern || len(c.patterns) == maxPatterns {
			return nil, bad("alpha_pattern has more than %d regular expressions, or one of more than %d bytes", maxPatterns, maxPattern)
		}
		e, err := regexp.Compile(`^(?:.*\.)?(?:` + pattern + `)$`)
		if err != nil {
			return nil, bad("alpha_pattern: %w", err)
		}
		c.patterns[pattern] = e
	}
	return c, nil
}

// factor gives what a module's low-rank update is multiplied with. Errors: EInvalid (none above 0, patterns that contradict each other).
func (c *read) factor(path string, rank int) (float64, error) {
	alpha, by := c.Alpha, ""
	for _, pattern := range slices.Sorted(maps.Keys(c.AlphaPattern)) {
		e, ok := c.patterns[pattern]
		if ok && !e.MatchString(path) || !ok && path != pattern && !strings.HasSuffix(path, "."+pattern) {
			continue
		}
		if by != "" && c.AlphaPattern[pattern] != alpha {
			return 0, perk.Errorf(perk.EInvalid, op, "%s: alpha_pattern has two values for %.200q, by %.80q and %.80q", PEFTConfig, path, by, pattern)
		}
		alpha, by = c.AlphaPattern[pattern], pattern
	}
	f := alpha / float64(rank)
	if c.RankStable {
		f = alpha / math.Sqrt(float64(rank))
	}
	if s := float32(f); !(s > 0) || math.IsInf(float64(s), 0) {
		return 0, perk.Errorf(perk.EInvalid, op, "%s: lora_alpha %v with rank %d, want a positive factor", PEFTConfig, alpha, rank)
	}
	return f, nil
}
