package models

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/hub"
)

// PullOptions say what is fetched from a hub.
type PullOptions struct {
	Name     string                               // "": the repository's, without its owner
	Revision string                               // branch, tag or commit; "": main
	File     string                               // the one .gguf file to fetch, in a repository of several
	Progress func(file string, done, total int64) // may be nil; of all files together
}

// Pull fetches a repository's model from a hub and takes it in as Add does. What an interrupted pull has fetched is kept, and gone on from by the next one of the
// same commit. Errors: those of hub.Client and of Add, EInvalid (nothing that Load reads is there, or several GGUF files are).
func (s *Shelf) Pull(ctx context.Context, c *hub.Client, repo string, o PullOptions) (*Manifest, error) {
	r, err := c.Repo(ctx, repo, o.Revision)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = path.Base(repo)
	}
	if err := s.free(o.Name); err != nil {
		return nil, err
	}
	p := &pull{client: c, repo: r, o: o, room: filepath.Join(s.dir, fmt.Sprintf(".pulling-%s-%.12s", strings.ReplaceAll(repo, "/", "--"), r.Commit))}
	if err := os.MkdirAll(p.room, 0o700); err != nil {
		return nil, shelfError(err)
	}
	from, err := p.fetch(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.Add(ctx, from, AddOptions{Name: o.Name, Source: "hub " + repo + "@" + r.Commit, hard: true})
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(p.room); err != nil {
		return nil, shelfError(err)
	}
	return m, nil
}

// pull is a fetch under way.
type pull struct {
	client *hub.Client
	repo   *hub.Repo
	o      PullOptions
	room   string

	done, total int64
}

// fetch brings the files and gives the path by which they are added.
func (p *pull) fetch(ctx context.Context) (string, error) {
	if p.o.File == "" && p.has(hf.ConfigFile) {
		return p.room, p.folder(ctx)
	}
	var ggufs []string
	for _, f := range p.repo.Files {
		if strings.HasSuffix(f.Name, ggufSuffix) && (p.o.File == "" || f.Name == p.o.File) {
			ggufs = append(ggufs, f.Name)
		}
	}
	switch {
	case len(ggufs) == 1:
		return filepath.Join(p.room, path.Base(ggufs[0])), p.bring(ctx, ggufs...)
	case len(ggufs) > 1:
		return "", perk.Errorf(perk.EInvalid, "models.Pull", "%s has %d GGUF files: %s", p.repo.Name, len(ggufs), strings.Join(ggufs, ", ")).WithHint("choose one by --file")
	case p.o.File != "":
		return "", perk.Errorf(perk.ENotFound, "models.Pull", "%s has no GGUF file %q", p.repo.Name, p.o.File).WithHint("leave --file away to see which there are")
	}
	return "", perk.Errorf(perk.EInvalid, "models.Pull", "%s has neither %s nor a GGUF file", p.repo.Name, hf.ConfigFile).WithHint("perk reads models in the layout of Transformers, with safetensors, and GGUF files")
}

func (p *pull) has(name string) bool {
	return slices.ContainsFunc(p.repo.Files, func(f hub.File) bool { return f.Name == name })
}

// folder brings the files of the layout of Transformers: the small ones first, because they tell whether perk runs the model, and which shards there are.
func (p *pull) folder(ctx context.Context) error {
	small := []string{hf.ConfigFile, hf.TokenizerFile}
	weights := []string{hf.WeightsFile}
	if p.has(hf.GenerationFile) {
		small = append(small, hf.GenerationFile)
	}
	if p.has(RecipeFile) {
		small = append(small, RecipeFile)
	}
	if !p.has(hf.WeightsFile) {
		small, weights = append(small, hf.IndexFile), nil
	}
	for _, name := range append(small, weights...) {
		if !p.has(name) {
			return perk.Errorf(perk.EInvalid, "models.Pull", "%s has no %s", p.repo.Name, name).WithHint("perk reads safetensors and tokenizer.json only; another repository of the model may have them")
		}
	}
	if err := p.bring(ctx, small...); err != nil {
		return err
	}
	if err := hf.CheckConfig(os.DirFS(p.room)); err != nil {
		return err
	}
	if weights == nil {
		all, err := hf.Files(os.DirFS(p.room))
		if err != nil {
			return err
		}
		for _, name := range all {
			if !slices.Contains(small, name) {
				weights = append(weights, name)
			}
		}
	}
	return p.bring(ctx, weights...)
}

// bring fetches files that are not there yet.
func (p *pull) bring(ctx context.Context, names ...string) error {
	var files []hub.File
	for _, name := range names {
		i := slices.IndexFunc(p.repo.Files, func(f hub.File) bool { return f.Name == name })
		if i < 0 {
			return perk.Errorf(perk.EInvalid, "models.Pull", "%s has no file %s", p.repo.Name, name)
		}
		files = append(files, p.repo.Files[i])
		p.total += max(0, p.repo.Files[i].Size)
	}
	for _, f := range files {
		to := filepath.Join(p.room, path.Base(f.Name))
		info, err := os.Stat(to)
		if err != nil || info.Size() != f.Size {
			err = p.client.Fetch(ctx, p.repo, f, to, func(n int64) { p.tell(f.Name, p.done+n) })
			if err != nil {
				return err
			}
		}
		p.done += max(0, f.Size)
		p.tell(f.Name, p.done)
	}
	return nil
}

func (p *pull) tell(file string, done int64) {
	if p.o.Progress != nil {
		p.o.Progress(file, done, p.total)
	}
}
