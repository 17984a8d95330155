package hf

import (
	"context"
	"io"
	"io/fs"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
)

const op = "hf.Open"

// Names of a model's files.
const (
	ConfigFile  = "config.json"
	WeightsFile = "model.safetensors"
	IndexFile   = "model.safetensors.index.json"
)

// Limits of the JSON files; real ones have a few KB, and one line for every tensor.
const (
	maxConfig = 1 << 20
	maxIndex  = 16 << 20
)

// Open reads the model of a folder, whose files must implement io.ReaderAt, as those of os.DirFS do. Errors, which name file and tensor:
// ENotFound (a file is missing), EDenied, EUnavailable (a file cannot be read), ECorrupt (a damaged file), EInvalid (a model that perk cannot
// run, or files that do not fit each other), ECanceled.
func Open(ctx context.Context, dir fs.FS) (*lm.Model, error) {
	raw, err := readSmall(dir, ConfigFile, maxConfig)
	if err != nil {
		return nil, err
	}
	f, cfg, err := parseConfig(raw)
	if err != nil {
		return nil, err
	}
	tensors, err := readTensors(ctx, dir, f, cfg)
	if err != nil {
		return nil, err
	}
	m, err := lm.New(cfg, tensors)
	if err != nil {
		return nil, perk.E(perk.ErrorCode(err), op, err)
	}
	return m, nil
}

// readSmall reads a whole file of at most limit bytes.
func readSmall(dir fs.FS, name string, limit int64) ([]byte, error) {
	f, size, err := open(dir, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, perk.Errorf(perk.EInvalid, op, "%s has %d bytes, at most %d are read", name, size, limit)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fileError(name, err)
	}
	return b, nil
}

// open opens a regular file.
func open(dir fs.FS, name string) (fs.File, int64, error) {
	info, err := fs.Stat(dir, name) // before opening, which would wait at a named pipe
	if err != nil {
		return nil, 0, fileError(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, perk.Errorf(perk.EInvalid, op, "%s is no regular file", name)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, 0, fileError(name, err)
	}
	return f, info.Size(), nil
}

// fileError names the file and the kind of failure.
func fileError(name string, err error) *perk.Error {
	return perk.Errorf(perk.DiskCode(err), op, "%s: %w", name, err).
		WithHint("a model's folder has %s beside %s, or beside %s and its shards", ConfigFile, WeightsFile, IndexFile)
}
