package hf

import "github.com/perkdb/perk/internal/lm"

// ParseConfigForTest reads a config.json without the weights.
func ParseConfigForTest(raw []byte) (lm.Config, error) {
	_, c, err := parseConfig(raw)
	return c, err
}
