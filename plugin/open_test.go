package plugin_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/plugin"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("not a program"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	self := config("module", dir, zerolog.Nop()).Command
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		process string
		change  func(*plugin.HostConfig)
		code    perk.Code
		says    string
	}{
		{"no command", "module", func(c *plugin.HostConfig) { c.Command = "" }, perk.EInvalid, "absolute"},
		{"relative", "module", func(c *plugin.HostConfig) { c.Command = "perk" }, perk.EInvalid, "absolute"},
		{"missing", "module", func(c *plugin.HostConfig) { c.Command = filepath.Join(dir, "none") }, perk.ENotFound, "none"},
		{"missing directory", "module", func(c *plugin.HostConfig) { c.Dir = filepath.Join(dir, "none") }, perk.ENotFound, "none"},
		{"elsewhere", "module", func(c *plugin.HostConfig) { c.Dir = dir }, perk.EDenied, "not in the plugin directory"},
		{"link to elsewhere", "module", func(c *plugin.HostConfig) { c.Command, c.Dir = link, dir }, perk.EDenied, "not in the plugin directory"},
		{"checksum", "module", func(c *plugin.HostConfig) { c.Checksum = make([]byte, 32) }, perk.EDenied, "SHA-256"},
		{"empty checksum", "module", func(c *plugin.HostConfig) { c.Checksum = []byte{} }, perk.EInvalid, "checksum"},
		{"no program", "module", func(c *plugin.HostConfig) { c.Command = text }, perk.EUnavailable, "exec format error"},
		{"prints something else", "greeting", nil, perk.EUnavailable, "hello, world"},
		{"another version", "old", nil, perk.EUnavailable, "incompatible API version"},
		{"never answers", "silent", func(c *plugin.HostConfig) { c.StartTimeout = 200 * time.Millisecond }, perk.EUnavailable, "in time"},
		{"cannot open its store", "abort", nil, perk.EConflict, "held by process 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := config(c.process, dir, zerolog.Nop())
			if c.change != nil {
				c.change(&config)
			}
			h, err := plugin.Open(t.Context(), config)
			if err == nil {
				h.Close()
				t.Fatal("it opened")
			}
			if perk.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v (%s), want %s with %q", err, perk.ErrorCode(err), c.code, c.says)
			}
			t.Log(err)
		})
	}
}

func TestAbortKeepsError(t *testing.T) {
	_, err := plugin.Open(t.Context(), config("abort", "/data/perk", zerolog.Nop()))
	var e *perk.Error
	if !errors.As(err, &e) || e.Op != "adapterstore.Open" || e.Hint != "stop that process" || e.Err.Error() != "/data/perk is held by process 7" {
		t.Errorf("error %#v is not the plugin's", e)
	}
}

func TestOpenCanceled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := plugin.Open(ctx, config("silent", "", zerolog.Nop())); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("error %v, want canceled", err)
	}
}

func TestOpenInsideWithChecksum(t *testing.T) {
	c := config("module", t.TempDir(), zerolog.Nop())
	b, err := os.ReadFile(c.Command)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	c.Dir, c.Checksum = filepath.Dir(c.Command), sum[:]
	pid(t, open(t, c))
}

func TestServeByHand(t *testing.T) {
	err := plugin.Serve(t.Context(), newMemoryModule(""), zerolog.Nop())
	if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "host") {
		t.Errorf("error %v, want invalid that names the host", err)
	}
}
