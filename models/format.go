package models

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/ggufmodel"
	"github.com/perkdb/perk/internal/hf"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/tokenizer"
)

// Format is the form that a base model is kept in.
type Format string

// The formats that Load reads.
const (
	Own         Format = "perk"        // model.safetensors and tokenizer.json, as `perk train` writes them
	HuggingFace Format = "huggingface" // config.json, tokenizer.json and safetensors, one or in shards
	GGUF        Format = "gguf"        // one file
)

const ggufSuffix = ".gguf"

// parts says which of a model's files are there.
type parts struct {
	format Format
	files  []string
	recipe bool
}

// names lists the files.
func (p *parts) names() []string {
	if p.recipe {
		return append(slices.Clone(p.files), RecipeFile)
	}
	return p.files
}

// parts tells the format by the files that are there: config.json is that of the hub, a .gguf file by itself a GGUF model, and everything else perk's own.
func (f Files) parts() (*parts, error) {
	if f.gguf != "" {
		return &parts{format: GGUF, files: []string{f.gguf}}, nil
	}
	entries, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return nil, err
	}
	var there, ggufs []string
	for _, e := range entries {
		there = append(there, e.Name())
		if strings.HasSuffix(e.Name(), ggufSuffix) {
			ggufs = append(ggufs, e.Name())
		}
	}
	has := func(name string) bool { return slices.Contains(there, name) }
	p := &parts{recipe: has(RecipeFile)}
	switch {
	case has(hf.ConfigFile):
		p.format = HuggingFace
		p.files, err = hf.Files(f.FS)
	case !has(ModelFile) && len(ggufs) == 1:
		p.format, p.files = GGUF, ggufs
	case !has(ModelFile) && len(ggufs) > 1:
		err = perk.Errorf(perk.EInvalid, "models.Load", "there are %d GGUF files", len(ggufs)).WithHint("name one of them")
	default: // a recipe must be there
		p.format, p.files, p.recipe = Own, []string{ModelFile, TokenizerFile}, true
	}
	return p, err
}

// base reads base model and tokenizer.
func (p *parts) base(ctx context.Context, f Files) (*lm.Model, recipe.Tokenizer, error) {
	switch p.format {
	case HuggingFace:
		m, err := hf.Open(ctx, f.FS)
		if err != nil {
			return nil, nil, f.failed("", err)
		}
		tok, err := hf.Tokenizer(f.FS)
		if err == nil && tok.VocabSize() > m.Config().Vocab {
			err = perk.Errorf(perk.EInvalid, "models.Load", "the tokenizer has %d tokens, the model %d", tok.VocabSize(), m.Config().Vocab)
		}
		if err != nil {
			return nil, nil, f.failed("", err)
		}
		return m, tok, nil
	case GGUF:
		name := p.files[0]
		file, err := f.Open(name)
		if err != nil {
			return nil, nil, f.failed(name, err)
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return nil, nil, f.failed(name, err)
		}
		at, ok := file.(io.ReaderAt)
		if !ok {
			return nil, nil, f.failed(name, errors.New("the file cannot be read at offsets"))
		}
		m, tok, err := ggufmodel.Open(ctx, at, info.Size())
		if err != nil {
			return nil, nil, f.failed(name, err)
		}
		return m, tok, nil
	}
	var m *lm.Model
	var tok *tokenizer.Tokenizer
	err := f.read(TokenizerFile, func(b []byte) (err error) { tok, err = tokenizer.Parse(b); return })
	if err == nil {
		err = f.read(ModelFile, func(b []byte) (err error) { m, err = lm.Load(b); return })
	}
	return m, tok, err
}

// read parses a whole file.
func (f Files) read(name string, parse func([]byte) error) error {
	b, err := fs.ReadFile(f.FS, name)
	if err == nil {
		err = parse(b)
	}
	if err != nil {
		return f.failed(name, err)
	}
	return nil
}

// failed names model and file of an error, and what to do about it where the error does not say.
func (f Files) failed(file string, err error) error {
	code, hint := perk.ErrorCode(err), "copy the model's files again"
	var known *perk.Error
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = perk.ENotFound
		hint = "name a model of `perk model ls`, a folder with " + ModelFile + ", " + RecipeFile + " and " + TokenizerFile + " as `perk train` writes it, one in the layout of Hugging Face, or a .gguf file"
	case errors.Is(err, fs.ErrPermission):
		code = perk.EDenied
	case !errors.As(err, &known):
		code = perk.EUnavailable
	case known.Hint != "":
		hint = "" // it knows better
	}
	if file != "" {
		file += ": "
	}
	return perk.Errorf(code, "models.Load", "model %q in %s: %s%w", f.Name, f.Where, file, err).WithHint("%s", hint)
}
