package models

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// AddOptions say how a model comes onto a Shelf.
type AddOptions struct {
	Name     string              // "": after the path
	Source   string              // for the manifest; "": the path
	Link     bool                // keep symbolic links to the files instead of copies
	Progress func(string, int64) // may be nil; told a file's name and the bytes of it that were read

	hard bool // the files lie on the shelf's disk and will not change: a second name does instead of a copy
}

// Add takes a model in: a folder or a .gguf file, as Load reads it, or the file of a recipe for a model that is there. It is loaded before it is kept, so that what is on the shelf
// can run. Errors: those of Load, EConflict (the name is taken), ENotFound (no model for the recipe), ENoSpace, ECanceled.
func (s *Shelf) Add(ctx context.Context, path string, o AddOptions) (*Manifest, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "models.Add", err)
	}
	if o.Source == "" {
		o.Source = abs
	}
	f := Path(abs)
	m := &Manifest{Version: manifestVersion, Source: o.Source, Added: time.Now().UTC().Truncate(time.Second)}
	var names map[string]string // where a file lies, by the name that it gets
	if strings.HasSuffix(f.Name, ".safetensors") {
		f.Name = strings.TrimSuffix(f.Name, ".safetensors")
		if m.Base, err = s.baseOf(ctx, abs); err != nil {
			return nil, err
		}
		names = map[string]string{RecipeFile: abs}
	} else {
		p, err := f.parts()
		if err != nil {
			return nil, f.failed("", err)
		}
		folder := abs
		if f.gguf != "" {
			folder = filepath.Dir(abs)
		}
		names = map[string]string{}
		for _, name := range p.names() {
			names[name] = filepath.Join(folder, name)
		}
	}
	if m.Name = o.Name; m.Name == "" {
		m.Name = f.Name
	}
	if err := s.free(m.Name); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, shelfError(err)
	}
	room, err := os.MkdirTemp(s.dir, ".adding-")
	if err != nil {
		return nil, shelfError(err)
	}
	defer os.RemoveAll(room)
	if err := s.fill(ctx, room, names, m, o); err != nil {
		return nil, err
	}
	return m, s.place(ctx, room, m)
}

// baseOf finds the model that a recipe is for.
func (s *Shelf) baseOf(ctx context.Context, path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", Path(path).failed("", err)
	}
	r, err := recipe.Parse(b)
	if err != nil {
		return "", perk.Errorf(perk.ErrorCode(err), "models.Add", "%s: %w", path, err)
	}
	all, err := s.List()
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.Model == r.Model && m.Base == "" {
			return m.Name, nil
		}
	}
	if nano, err := Load(ctx, Nano()); err != nil || nano.ID == r.Model {
		return nanoName, err
	}
	return "", perk.Errorf(perk.ENotFound, "models.Add", "the recipe is for base model %s, which is not here", r.Model.Short()).WithHint("pull or add its base model first")
}

// free reports an error where a name is taken or can be none.
func (s *Shelf) free(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(s.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return perk.Errorf(perk.EConflict, "models.Add", "there is a model %q already", name).WithHint("choose another name by --name, or remove it with `perk model rm`")
	}
	return nil
}

// fill brings the files into a folder and their digests into the manifest.
func (s *Shelf) fill(ctx context.Context, room string, names map[string]string, m *Manifest, o AddOptions) error {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, to := names[name], filepath.Join(room, name)
		tell := func(n int64) {
			if o.Progress != nil {
				o.Progress(name, n)
			}
		}
		var err error
		switch {
		case o.Link:
			err = os.Symlink(from, to)
		case o.hard && os.Link(from, to) == nil:
		default:
			err = copyFile(ctx, from, to)
		}
		f := File{Name: name}
		if err == nil {
			f.SHA256, f.Bytes, err = hashFile(ctx, to, tell)
		}
		if err != nil {
			return shelfError(err)
		}
		m.Files = append(m.Files, f)
	}
	return nil
}

// copyFile copies a regular file and syncs the copy.
func copyFile(ctx context.Context, from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, &telling{ctx, in, 0, func(int64) {}})
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// place loads the model of a filled folder, completes its manifest and gives the folder its name.
func (s *Shelf) place(ctx context.Context, room string, m *Manifest) error {
	// A model on a shelf is read by the folder's name and manifest, which are not there yet.
	folder := *m
	folder.Name = filepath.Base(room)
	f, err := s.files(&folder)
	if err != nil {
		return err
	}
	f.Name = m.Name
	loaded, err := Load(ctx, f)
	if err != nil {
		return err
	}
	m.Format, m.Model, m.Recipe, m.Untrained = loaded.Format, loaded.ID, loaded.RecipeID, loaded.Recipe.Untrained
	m.Arch, m.Parameters = loaded.LM.Config().Arch, loaded.Parameters()
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return perk.E(perk.EInternal, "models.Add", err)
	}
	if err := os.WriteFile(filepath.Join(room, ManifestFile), append(b, '\n'), 0o600); err != nil {
		return shelfError(err)
	}
	if err := s.free(m.Name); err != nil {
		return err
	}
	if err := os.Rename(room, filepath.Join(s.dir, m.Name)); err != nil {
		return shelfError(err)
	}
	return nil
}

func shelfError(err error) error {
	return perk.E(perk.DiskCode(err), "models.Add", err).WithHint("check path, rights and free space; nothing was kept")
}
