package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hub"
	"github.com/perkdb/perk/internal/hub/hubtest"
)

const repo = "owner/tiny-model_1.0"

// weights are larger than what a socket holds.
var weights = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

func start(t *testing.T) (*hubtest.Hub, *hub.Client) {
	t.Helper()
	h := hubtest.New(t, map[string]map[string][]byte{repo: {"config.json": []byte(`{"a":1}`), "model.safetensors": weights, "empty.txt": {}, "onnx/ä b.json": []byte("x")}})
	return h, &hub.Client{Endpoint: h.URL, Pause: time.Millisecond}
}

func find(t *testing.T, c *hub.Client, name string) (*hub.Repo, hub.File) {
	t.Helper()
	r, err := c.Repo(t.Context(), repo, "")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Files, func(f hub.File) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no file %q in %v", name, r.Files)
	}
	return r, r.Files[i]
}

func wantFile(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	if _, err := os.Stat(path + ".part"); err == nil {
		t.Error("the part is still there")
	}
}

func wantError(t *testing.T, err error, code perk.Code, text string) {
	t.Helper()
	var e *perk.Error
	if !errors.As(err, &e) || e.Code != code || e.Hint == "" || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want code %s, a hint and %q", err, code, text)
	}
}

func TestFetch(t *testing.T) {
	h, c := start(t)
	h.Token, c.Token = "hf_secret", "hf_secret"
	h.Busy = 2
	for name, want := range h.Repos[repo] {
		r, f := find(t, c, name)
		if r.Commit != hubtest.Commit || f.Size != int64(len(want)) || (f.SHA256 != "") != (name == "model.safetensors") {
			t.Errorf("%+v of commit %s", f, r.Commit)
		}
		path := filepath.Join(t.TempDir(), "file")
		last := int64(0)
		if err := c.Fetch(t.Context(), r, f, path, func(n int64) {
			if n < last {
				t.Errorf("progress from %d to %d", last, n)
			}
			last = n
		}); err != nil {
			t.Fatal(err)
		}
		if last != f.Size {
			t.Errorf("progress ended at %d of %d", last, f.Size)
		}
		wantFile(t, path, want)
	}
}

// A connection that is cut again and again ends in a whole file, of which no byte was sent twice.
func TestFetchGoesOnAfterCuts(t *testing.T) {
	h, c := start(t)
	r, f := find(t, c, "model.safetensors")
	path := filepath.Join(t.TempDir(), "file")
	h.Cut(100_000, 200_000, 0, 0, 300_000, 1, 1, 1, 1, 1)
	if err := c.Fetch(t.Context(), r, f, path, nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, weights)
	want := []string{""}
	at := int64(0)
	for _, n := range []int64{100_000, 200_000, 0, 0, 300_000, 1, 1, 1, 1, 1} {
		at += n
		want = append(want, fmt.Sprintf("bytes=%d-", at))
	}
	if d := cmp.Diff(want, h.Ranges()); d != "" {
		t.Error(d)
	}
}

// What an earlier, failed fetch left is kept, and counts in the digest.
func TestFetchGoesOnLater(t *testing.T) {
	h, c := start(t)
	r, f := find(t, c, "model.safetensors")
	path := filepath.Join(t.TempDir(), "file")
	h.Cut(500_000, 0, 0, 0, 0)
	wantError(t, c.Fetch(t.Context(), r, f, path, nil), perk.EUnavailable, "byte 500000 of 1048576")
	if _, err := os.Stat(path); err == nil {
		t.Error("half a file has its name")
	}
	if err := c.Fetch(t.Context(), r, f, path, nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, weights)
	if ranges := h.Ranges(); ranges[len(ranges)-1] != "bytes=500000-" {
		t.Errorf("ranges %q", ranges)
	}
	// A part that is too long, or has other bytes, is not taken for the file.
	for part, want := range map[string]perk.Code{strings.Repeat("x", len(weights)+1): "", "other bytes": perk.ECorrupt} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path+".part", []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
		err := c.Fetch(t.Context(), r, f, path, nil)
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, path, weights)
			continue
		}
		wantError(t, err, want, "digest")
		if _, err := os.Stat(path + ".part"); err == nil {
			t.Error("the wrong part was kept")
		}
	}
}

func TestWrongDigest(t *testing.T) {
	for _, name := range []string{"model.safetensors", "config.json"} {
		h, c := start(t)
		h.Wrong = name
		r, f := find(t, c, name)
		path := filepath.Join(t.TempDir(), "file")
		wantError(t, c.Fetch(t.Context(), r, f, path, nil), perk.ECorrupt, name)
		if left, err := filepath.Glob(path + "*"); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	h, c := start(t)
	r, f := find(t, c, "config.json")
	dir := t.TempDir()
	for name, x := range map[string]struct {
		do   func() error
		code perk.Code
		want string
	}{
		"no such repository": {func() error { _, err := c.Repo(t.Context(), "owner/other", ""); return err }, perk.EDenied, "401"},
		"no such revision":   {func() error { _, err := c.Repo(t.Context(), repo, "v9"); return err }, perk.ENotFound, "Invalid rev id: v9"},
		"no such file": {func() error {
			return c.Fetch(t.Context(), r, hub.File{Name: "x.json", Size: 3, GitSHA: f.GitSHA}, filepath.Join(dir, "x"), nil)
		}, perk.ENotFound, "Entry not found"},
		"no digest": {func() error {
			return c.Fetch(t.Context(), r, hub.File{Name: "x.json", Size: 3}, filepath.Join(dir, "x"), nil)
		}, perk.EUnavailable, "digest"},
		"no name":   {func() error { _, err := c.Repo(t.Context(), "../etc", ""); return err }, perk.EInvalid, "../etc"},
		"no folder": {func() error { return c.Fetch(t.Context(), r, f, filepath.Join(dir, "no", "x"), nil) }, perk.ENotFound, "no/x"},
		"no hub": {func() error {
			_, err := (&hub.Client{Endpoint: "http://127.0.0.1:1", Pause: 1}).Repo(t.Context(), repo, "")
			return err
		}, perk.EUnavailable, "127.0.0.1:1"},
		"no hub at all": {func() error {
			_, err := (&hub.Client{Endpoint: "::", Pause: 1}).Repo(t.Context(), repo, "")
			return err
		}, perk.EInvalid, "endpoint"},
		"always busy":    {func() error { h.Busy = 4; _, err := c.Repo(t.Context(), repo, ""); return err }, perk.EUnavailable, "503"},
		"a token wanted": {func() error { h.Token = "t"; _, err := c.Repo(t.Context(), repo, ""); return err }, perk.EDenied, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			h.Token, h.Busy = "", 0
			wantError(t, x.do(), x.code, x.want)
		})
	}
}
