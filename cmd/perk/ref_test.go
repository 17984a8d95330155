package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSignedKeysEndToEnd(t *testing.T) {
	w := newWorld(t)
	key := strings.TrimSpace(w.ok("ref", "docs/mary.txt"))
	if again := strings.TrimSpace(w.ok("ref", "docs/mary.txt")); again != key || !strings.HasPrefix(key, "docs/mary.txt#") {
		t.Errorf("%q, then %q", key, again)
	}
	if info, err := os.Stat(filepath.Join(w.data, secretFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	w.index()
	s := w.serveSource("--folder", w.docs, "--unsigned-keys=false", "--interval", "0")
	for prompt, want := range map[string]int{
		"[[perk:" + key + "]] Where is Mary?":                             http.StatusOK,
		"[[perk:docs/mary.txt]] Where is Mary?":                           http.StatusForbidden,
		"[[perk:docs/john.txt" + key[len("docs/mary.txt"):] + "]] Where?": http.StatusForbidden,
	} {
		if status, body := s.generate(prompt); status != want {
			t.Errorf("%s: %d %s", prompt, status, body)
		}
	}
	s.stop()
	t.Setenv(refSecretEnv, "another secret of this machine")
	if other := strings.TrimSpace(w.ok("ref", "docs/mary.txt")); other == key {
		t.Error("another secret makes the same key")
	}
	t.Setenv(endpointKeyEnv, "k")
	w.fails([]string{"only on loopback", "--write-refs"}, "serve", "--folder", w.docs, "--listen", "127.0.0.1:0", "--unsigned-keys", "--log-level", "error")
}
