package models_test

import (
	"bytes"
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
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
)

func wantCode(t *testing.T, err error, code perk.Code, text string) {
	t.Helper()
	if perk.ErrorCode(err) != code || !hinted(err) || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want code %s, a hint and %q", err, code, text)
	}
}

// load reads a model of a shelf by name.
func load(t *testing.T, s *models.Shelf, name string) *models.Model {
	t.Helper()
	f, err := s.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// One base model in every format is one model, and runs.
func TestFormats(t *testing.T) {
	folder := modelstest.Published(t, 1)
	want, err := models.Load(t.Context(), models.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	if want.Format != models.HuggingFace || !want.Recipe.Untrained {
		t.Errorf("format %s, untrained %t", want.Format, want.Recipe.Untrained)
	}
	got, err := models.Load(t.Context(), models.Path(modelstest.GGUF(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Format != models.GGUF || got.LM.ID() != want.LM.ID() {
		t.Errorf("format %s; configurations differ by %s", got.Format, cmp.Diff(want.LM.Config(), got.LM.Config()))
	}
	const text = "Mary's 12 dogs went\n home."
	if d := cmp.Diff(want.Tokenizer.Encode(text), got.Tokenizer.Encode(text)); d != "" {
		t.Error(d)
	}
	if got.ID != want.ID || got.RecipeID != want.RecipeID {
		t.Error("the formats have identities of their own")
	}
}

func TestAdd(t *testing.T) {
	for name, path := range map[string]string{"own": modelstest.Dir(t, 1), "huggingface": modelstest.Published(t, 1), "gguf": modelstest.GGUF(t, 1)} {
		for _, link := range []bool{false, true} {
			s := models.NewShelf(filepath.Join(t.TempDir(), "models"))
			want, err := models.Load(t.Context(), models.Path(path))
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.Add(t.Context(), path, models.AddOptions{Name: name, Link: link})
			if err != nil {
				t.Fatal(err)
			}
			got := load(t, s, name)
			if got.ID != want.ID || got.RecipeID != want.RecipeID || got.Name != name || m.Model != want.ID || m.Recipe != want.RecipeID || m.Bytes() != want.Bytes || m.Source != path {
				t.Errorf("%s: %+v", name, m)
			}
			all, err := s.List()
			if d := cmp.Diff([]*models.Manifest{m}, all); d != "" || err != nil {
				t.Error(d, err)
			}
			if err := s.Verify(t.Context(), m, nil); err != nil {
				t.Error(err)
			}
			_, err = s.Add(t.Context(), path, models.AddOptions{Name: name})
			wantCode(t, err, perk.EConflict, name)
			if err := s.Remove(name, false); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("the model itself is gone: %v", err)
			}
			left, err := os.ReadDir(s.Dir())
			if err != nil || len(left) > 0 {
				t.Errorf("left %v, %v", left, err)
			}
		}
	}
}

// A recipe of its own stands beside its base model, which cannot go before it.
func TestAddRecipe(t *testing.T) {
	s := models.NewShelf(t.TempDir())
	folder := modelstest.Published(t, 1)
	recipe := filepath.Join(t.TempDir(), "learned.safetensors")
	base, err := models.Load(t.Context(), models.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	learned := *base.Recipe
	learned.Untrained, learned.Bits = false, 4
	b, err := learned.Marshal()
	if err == nil {
		err = os.WriteFile(recipe, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Add(t.Context(), recipe, models.AddOptions{})
	wantCode(t, err, perk.ENotFound, base.ID.Short())
	if _, err := s.Add(t.Context(), folder, models.AddOptions{Name: "base"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Add(t.Context(), recipe, models.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	got := load(t, s, "learned")
	if got.ID != base.ID || got.RecipeID == base.RecipeID || got.Recipe.Untrained || got.Recipe.Bits != 4 {
		t.Errorf("model %s, recipe %+v", got.ID.Short(), got.Recipe.Rule)
	}
	if !load(t, s, "base").Recipe.Untrained {
		t.Error("the base has a recipe now")
	}
	wantCode(t, s.Remove("base", false), perk.EConflict, "learned")
	if err := s.Remove("base", true); err != nil {
		t.Error(err)
	}
	_, err = s.Find("learned")
	wantCode(t, err, perk.ENotFound, "base")
	if err := s.Remove("learned", false); err != nil {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	s := models.NewShelf(filepath.Join(t.TempDir(), "none"))
	for _, name := range []string{"", "perk-nano"} {
		if f, err := s.Find(name); err != nil || f.Name != "perk-nano" {
			t.Errorf("%q is %q, %v", name, f.Name, err)
		}
	}
	dir := modelstest.Dir(t, 1)
	if m := load(t, s, dir); m.Format != models.Own {
		t.Errorf("format %s", m.Format)
	}
	_, err := s.Find("no-such-model")
	wantCode(t, err, perk.ENotFound, "no-such-model")
	t.Chdir(filepath.Dir(dir))
	if f, err := s.Find(filepath.Base(dir)); err != nil || f.Where != filepath.Base(dir) {
		t.Errorf("%+v, %v", f, err)
	}
	_, err = models.Load(t.Context(), models.Path(filepath.Join(dir, "no.gguf")))
	wantCode(t, err, perk.ENotFound, "no.gguf")
}

func TestDamage(t *testing.T) {
	s := models.NewShelf(t.TempDir())
	m, err := s.Add(t.Context(), modelstest.Published(t, 1), models.AddOptions{Name: "m"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.Dir(), "m", "model.safetensors")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.Verify(t.Context(), m, nil), perk.ECorrupt, "model.safetensors")
	for name, text := range map[string]string{"other name": `{"version":1,"name":"x","files":[{"name":"a"}]}`, "other version": `{"version":2,"name":"m","files":[{"name":"a"}]}`,
		"a file outside": `{"version":1,"name":"m","files":[{"name":"../a"}]}`, "no JSON": "", "its own base": `{"version":1,"name":"m","base":"m","files":[{"name":"a"}]}`} {
		if err := os.WriteFile(filepath.Join(s.Dir(), "m", models.ManifestFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := s.List()
		if len(all) != 0 {
			t.Errorf("%s: listed", name)
		}
		wantCode(t, err, perk.ECorrupt, models.ManifestFile)
	}
	wantCode(t, s.Remove("m", false), perk.ECorrupt, "m")
	if err := s.Remove("m", true); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "..", "a/b", "-f", ".x", "perk-nano", strings.Repeat("x", 101)} {
		wantCode(t, s.Remove(name, true), perk.EInvalid, "name")
	}
}

// What cannot run is not kept, and neither is half of a model.
func TestAddRefuses(t *testing.T) {
	s := models.NewShelf(t.TempDir())
	dir := modelstest.Published(t, 1)
	config := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, bytes.Replace(text, []byte(`"llama"`), []byte(`"mamba"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.Add(t.Context(), dir, models.AddOptions{Name: "m"})
	wantCode(t, err, perk.EInvalid, "mamba")
	_, err = s.Add(t.Context(), t.TempDir(), models.AddOptions{Name: "m"})
	wantCode(t, err, perk.ENotFound, models.ModelFile)
	left, err := os.ReadDir(s.Dir())
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// repository gives the files of a folder, or of a file.
func repository(t *testing.T, path string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{"README.md": []byte("# model"), "flax_model.msgpack": {1}}
	paths := []string{path}
	if entries, err := os.ReadDir(path); err == nil {
		paths = nil
		for _, e := range entries {
			paths = append(paths, filepath.Join(path, e.Name()))
		}
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(p)] = b
	}
	return out
}

func TestPull(t *testing.T) {
	folder, sharded, file := modelstest.Published(t, 1), modelstest.Sharded(t, 1), modelstest.GGUF(t, 1)
	want, err := models.Load(t.Context(), models.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	several := repository(t, file)
	several["q4/other.gguf"] = several[filepath.Base(file)]
	h := hubtest.New(t, map[string]map[string][]byte{
		"o/whole": repository(t, folder), "o/sharded": repository(t, sharded), "o/one-gguf": repository(t, file), "o/ggufs": several, "o/none": {"pytorch_model.bin": {1}},
		"o/mamba": {"config.json": []byte(`{"model_type":"mamba"}`), "tokenizer.json": []byte("{}"), "model.safetensors": make([]byte, 1<<20)},
	})
	c := &hub.Client{Endpoint: h.URL, Pause: time.Millisecond}
	s := models.NewShelf(filepath.Join(t.TempDir(), "models"))
	for name, o := range map[string]models.PullOptions{"whole": {}, "sharded": {Revision: hubtest.Commit}, "one-gguf": {}, "ggufs": {File: "q4/other.gguf", Name: "mine"}} {
		h.Cut(5) // once, in the first file
		done, total := int64(0), int64(0)
		o.Progress = func(_ string, d, n int64) {
			if d < done || d > n {
				t.Errorf("%s: progress from %d to %d of %d", name, done, d, n)
			}
			done, total = d, n
		}
		m, err := s.Pull(t.Context(), c, "o/"+name, o)
		if err != nil {
			t.Fatal(err)
		}
		if m.Name != map[bool]string{true: "mine", false: name}[name == "ggufs"] || m.Model != want.ID || m.Source != "hub o/"+name+"@"+hubtest.Commit || m.Bytes() != total || done != total {
			t.Errorf("%s: %d of %d bytes, %+v", name, done, total, m)
		}
		if got := load(t, s, m.Name); got.RecipeID != want.RecipeID {
			t.Errorf("%s: another recipe", name)
		}
	}
	before := len(h.Ranges())
	for name, x := range map[string]struct {
		o    models.PullOptions
		code perk.Code
		want string
	}{
		"ggufs": {models.PullOptions{}, perk.EInvalid, "--file"},
		"none":  {models.PullOptions{}, perk.EInvalid, "GGUF"},
		"other": {models.PullOptions{}, perk.EDenied, "401"},
		"whole": {models.PullOptions{}, perk.EConflict, "whole"},
		"mamba": {models.PullOptions{}, perk.EInvalid, "mamba"},
	} {
		_, err := s.Pull(t.Context(), c, "o/"+name, x.o)
		wantCode(t, err, x.code, x.want)
	}
	_, err = s.Pull(t.Context(), c, "o/ggufs", models.PullOptions{Name: "x", File: "no.gguf"})
	wantCode(t, err, perk.ENotFound, "no.gguf")
	if n := len(h.Ranges()) - before; n != 2 {
		t.Errorf("%d files fetched of models that cannot run, want the two small ones", n)
	}
}

// An interrupted pull goes on where it stopped.
func TestPullGoesOn(t *testing.T) {
	h := hubtest.New(t, map[string]map[string][]byte{"o/m": repository(t, modelstest.Published(t, 1))})
	c := &hub.Client{Endpoint: h.URL, Pause: time.Millisecond}
	s := models.NewShelf(t.TempDir())
	h.Cut(-1, -1, -1, 1000, 0, 0, 0, 0) // the three small files, then the weights
	_, err := s.Pull(t.Context(), c, "o/m", models.PullOptions{})
	wantCode(t, err, perk.EUnavailable, "byte 1000")
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Errorf("half a model is listed: %v, %v", all, err)
	}
	if _, err := s.Pull(t.Context(), c, "o/m", models.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if ranges := h.Ranges(); !slices.Contains(ranges, "bytes=1000-") || len(ranges) != 9 {
		t.Errorf("ranges %q", ranges)
	}
	if err := s.Verify(t.Context(), must(s.Manifest("m")), nil); err != nil {
		t.Error(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
