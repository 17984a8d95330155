package models

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/perkdb/perk"
)

// Shelf keeps models side by side, each in a folder of its own with a manifest. A model is there whole or not at all.
type Shelf struct{ dir string }

// NewShelf gives the shelf of a directory, which need not be there yet.
func NewShelf(dir string) *Shelf { return &Shelf{dir} }

// Dir is the shelf's directory.
func (s *Shelf) Dir() string { return s.dir }

// Find gives the files that a name or a path stands for: "" and the shipped model's name, a model of the shelf, or, where the text has a slash or dot in front or there is no
// such model, a path. Errors: ENotFound, ECorrupt (a manifest).
func (s *Shelf) Find(name string) (Files, error) {
	switch {
	case name == "" || name == nanoName:
		return Nano(), nil
	case strings.ContainsRune(name, filepath.Separator) || strings.HasPrefix(name, ".") || checkName(name) != nil:
		return Path(name), nil
	}
	m, err := s.readManifest(name)
	if perk.ErrorCode(err) == perk.ENotFound {
		if _, stat := os.Stat(name); stat == nil {
			return Path(name), nil
		}
	}
	if err != nil {
		return Files{}, err
	}
	return s.files(m)
}

// files gives a model's files: its own, and its base's behind them.
func (s *Shelf) files(m *Manifest) (Files, error) {
	where := filepath.Join(s.dir, m.Name)
	f := Files{Name: m.Name, Where: where, Ref: m.Name, FS: os.DirFS(where)}
	if m.Base == "" {
		return f, nil
	}
	base := Nano()
	if m.Base != nanoName {
		b, err := s.readManifest(m.Base)
		if err != nil {
			return f, perk.Errorf(perk.ErrorCode(err), "models.Shelf", "base of model %q: %w", m.Name, err)
		}
		if b.Base != "" {
			return f, perk.Errorf(perk.ECorrupt, "models.Shelf", "the base of model %q is %q, which is a recipe itself", m.Name, m.Base)
		}
		base.FS = os.DirFS(filepath.Join(s.dir, m.Base))
	}
	f.FS = overlay{over: f.FS, under: base.FS}
	return f, nil
}

// overlay is one file system before another, of which the recipe alone is not looked for behind the first.
type overlay struct{ over, under fs.FS }

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	if name == RecipeFile {
		return o.over.Open(name)
	}
	return o.under.Open(name)
}

// ReadDir implements fs.ReadDirFS.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	out, err := fs.ReadDir(o.under, name)
	if err != nil {
		return nil, err
	}
	own, err := fs.ReadDir(o.over, name)
	for _, e := range own {
		if e.Name() == RecipeFile {
			out = append(out, e)
		}
	}
	return out, err
}

// List gives the manifests by name. Models whose manifest cannot be read are left out, and told by the error.
func (s *Shelf) List() ([]*Manifest, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "models.Shelf", err)
	}
	var out []*Manifest
	var failed []error
	for _, e := range entries {
		if checkName(e.Name()) != nil {
			continue // what an interrupted command left
		}
		m, err := s.readManifest(e.Name())
		if err != nil {
			failed = append(failed, err)
			continue
		}
		out = append(out, m)
	}
	return out, errors.Join(failed...)
}

// Manifest gives a model's description. Errors: ENotFound, ECorrupt.
func (s *Shelf) Manifest(name string) (*Manifest, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return s.readManifest(name)
}

// Remove deletes a model. Errors: ENotFound, EConflict (recipes of other models are for it; not with force), EUnavailable.
func (s *Shelf) Remove(name string, force bool) error {
	if err := checkName(name); err != nil {
		return err
	}
	if _, err := s.readManifest(name); err != nil && !(force && perk.ErrorCode(err) == perk.ECorrupt) {
		return err
	}
	if !force {
		all, err := s.List()
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Base == name {
				return perk.Errorf(perk.EConflict, "models.Shelf", "model %q is the base of %q", name, m.Name).WithHint("remove %q first, or use --force", m.Name)
			}
		}
	}
	// The manifest goes first by a rename, so that an interrupted removal leaves no half model.
	gone, err := os.MkdirTemp(s.dir, ".removing-")
	if err == nil {
		err = os.Rename(filepath.Join(s.dir, name), filepath.Join(gone, name))
	}
	if err == nil {
		err = os.RemoveAll(gone)
	}
	if err != nil {
		return perk.E(perk.EUnavailable, "models.Shelf", err)
	}
	return nil
}

// Verify reads all files of a model, its base's apart, and holds them to the manifest. progress may be nil; it is told the bytes read. Errors: ECorrupt naming the
// files, ENotFound, ECanceled.
func (s *Shelf) Verify(ctx context.Context, m *Manifest, progress func(done int64)) error {
	var bad []error
	done := int64(0)
	for _, f := range m.Files {
		got, n, err := hashFile(ctx, filepath.Join(s.dir, m.Name, f.Name), func(n int64) {
			if progress != nil {
				progress(done + n)
			}
		})
		done += n
		switch {
		case ctx.Err() != nil:
			return perk.E(perk.ECanceled, "models.Verify", ctx.Err())
		case err != nil:
			bad = append(bad, err)
		case n != f.Bytes || got != f.SHA256:
			bad = append(bad, perk.Errorf(perk.ECorrupt, "models.Verify", "%s has %d bytes of digest %s, want %d of %s", f.Name, n, got.Short(), f.Bytes, f.SHA256.Short()))
		}
	}
	if err := errors.Join(bad...); err != nil {
		return perk.Errorf(perk.ECorrupt, "models.Verify", "model %q: %w", m.Name, err).WithHint("remove it with `perk model rm --force` and bring it again from %s", m.Source)
	}
	return nil
}

// hashFile gives the digest and size of a file.
func hashFile(ctx context.Context, path string, tell func(int64)) (perk.Hash, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return perk.Hash{}, 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &telling{ctx, f, 0, tell})
	return perk.Hash(h.Sum(nil)), n, err
}

// telling is a reader that tells how far it is and ends with its context.
type telling struct {
	ctx  context.Context
	r    io.Reader
	done int64
	tell func(int64)
}

func (t *telling) Read(b []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(b[:min(len(b), 1<<20)])
	t.done += int64(n)
	t.tell(t.done)
	return n, err
}
