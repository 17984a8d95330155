package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/integration/weaviate/server"
)

func TestStartFails(t *testing.T) {
	dir := t.TempDir()
	ends := filepath.Join(dir, "ends")
	if err := os.WriteFile(ends, []byte("#!/bin/sh\necho no space left; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for binary, want := range map[string]struct {
		code perk.Code
		text string
	}{
		filepath.Join(dir, "none"): {perk.EInvalid, "make the server with Build"},
		ends:                       {perk.EUnavailable, "Weaviate ended: no space left"},
	} {
		_, err := server.Start(t.Context(), server.Config{Binary: binary, Dir: filepath.Join(dir, "data")})
		if perk.ErrorCode(err) != want.code || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v, want %q, %q", binary, err, want.code, want.text)
		}
	}
}
