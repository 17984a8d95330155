package meta

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/perkdb/perk"
)

// TestBits: the exported recipe has the configuration's bits, and a configuration without them has the JSON, and so the checkpoints, of before the field.
func TestBits(t *testing.T) {
	c, tok := tiny(t)
	if b, err := json.Marshal(c); err != nil || strings.Contains(string(b), `"bits"`) {
		t.Errorf("a configuration without bits names them: %s, error %v", b, err)
	}
	c.Bits = 4
	if _, r, err := started(t, c, tok).Export(); err != nil || r.Bits != 4 {
		t.Errorf("exported recipe %+v, error %v, want 4 bits", r, err)
	}
	c.Bits = 9
	if err := c.Validate(); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "bits is 9") {
		t.Errorf("error %v, want EInvalid with the bits", err)
	}
}
