package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perkdb/perk"
)

// ManifestFile describes a model of a Shelf, in its folder.
const ManifestFile = "manifest.json"

// Manifest describes a model of a Shelf.
type Manifest struct {
	Version    int           `json:"version"`
	Name       string        `json:"name"`
	Format     Format        `json:"format"`
	Source     string        `json:"source"`         // where it came from: a path, or "hub REPO@COMMIT"
	Base       string        `json:"base,omitempty"` // the model whose base model and tokenizer this recipe is for; "": this folder has them
	Model      perk.ModelID  `json:"model"`
	Recipe     perk.RecipeID `json:"recipe"`
	Untrained  bool          `json:"untrained"` // there is no recipe among the files; recipe.Untrained makes one
	Arch       string        `json:"arch"`
	Parameters int64         `json:"parameters"`
	Added      time.Time     `json:"added"`
	Files      []File        `json:"files"`
}

// File is one file of a model, with the digest that it had when it was added.
type File struct {
	Name   string    `json:"name"`
	Bytes  int64     `json:"bytes"`
	SHA256 perk.Hash `json:"sha256"`
}

const manifestVersion = 1

// maxManifest bounds what is read of a manifest.
const maxManifest = 1 << 20

// Bytes is the size of the model's own files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// readManifest reads the manifest of a model's folder. Errors: ENotFound (there is no such model), ECorrupt.
func (s *Shelf) readManifest(name string) (*Manifest, error) {
	const op = "models.Shelf"
	path := filepath.Join(s.dir, name, ManifestFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, perk.Errorf(perk.ENotFound, op, "there is no model %q in %s", name, s.dir).WithHint("`perk model ls` lists the models, `perk model pull` and `perk model add` bring new ones; a path to a folder or a .gguf file does as well")
	}
	var b []byte
	if err == nil && info.Size() <= maxManifest {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, perk.E(perk.EUnavailable, op, err)
	}
	m := &Manifest{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err = d.Decode(m)
	switch {
	case err != nil:
	case m.Version != manifestVersion:
		err = perk.Errorf(perk.EInvalid, op, "version is %d, want %d", m.Version, manifestVersion)
	case m.Name != name || m.Base == name || m.Base != "" && checkName(m.Base) != nil:
		err = perk.Errorf(perk.EInvalid, op, "name is %q and base %q in the folder %q", m.Name, m.Base, name)
	case len(m.Files) == 0:
		err = perk.Errorf(perk.EInvalid, op, "no files")
	}
	for _, f := range m.Files {
		if err == nil && (filepath.Base(f.Name) != f.Name || strings.HasPrefix(f.Name, ".")) {
			err = perk.Errorf(perk.EInvalid, op, "file %q is none of the folder", f.Name)
		}
	}
	if err != nil {
		return nil, perk.Errorf(perk.ECorrupt, op, "%s: %w", path, err).WithHint("remove the model with `perk model rm --force %s` and add it again", name)
	}
	return m, nil
}

// checkName holds a model's name to what can be a folder and be written on a command line.
func checkName(name string) error {
	bad := strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
	if bad || name == "" || name[0] == '.' || name[0] == '-' || len(name) > 100 || name == nanoName {
		return perk.Errorf(perk.EInvalid, "models.Shelf", "%q cannot be the name of a model here", name).WithHint("use up to 100 letters, digits, '-', '_' and '.'; %q is the shipped model", nanoName)
	}
	return nil
}
