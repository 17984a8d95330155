package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/server"
)

// TestRefused starts servers whose settings are wrong: they end at once and say why.
func TestRefused(t *testing.T) {
	needServer(t)
	base := []string{"ENABLE_MODULES=perk", "PERK_PLUGIN=" + program(), "PERK_HOME=" + shortDir(t)}
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"no settings":                {[]string{"PERK_PLUGIN=", "PERK_HOME="}, `PERK_PLUGIN is \"\"`},
		"another program's checksum": {[]string{"PERK_PLUGIN_SHA256=" + strings.Repeat("0", 64)}, "does not have the expected SHA-256"},
		"outside of the directory":   {[]string{"PERK_PLUGIN_DIR=" + t.TempDir()}, "is not in the plugin directory"},
		"no such program":            {[]string{"PERK_PLUGIN=" + filepath.Join(t.TempDir(), "perk")}, "find the plugin program"},
		"generative-perk alone":      {[]string{"ENABLE_MODULES=generative-perk"}, "generative-perk needs the module perk"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Start(t.Context(), server.Config{Binary: serverBinary(), Dir: t.TempDir(), Env: append(append([]string{}, base...), c.env...)})
			if perk.ErrorCode(err) != perk.EUnavailable || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
