package hf

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/safetensors"
)

// wanted is one tensor of the files.
type wanted struct {
	file   string
	tensor string // lm's name
	shape  []int  // as stored
	turned bool   // stored (in, out)
}

// readTensors reads every tensor of the configuration under lm's name.
func readTensors(ctx context.Context, dir fs.FS, f family, cfg lm.Config) (map[string][]float32, error) {
	where, list, err := locate(dir)
	if err != nil {
		return nil, err
	}
	want, err := f.wanted(cfg, where, list)
	if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, w := range want {
		files[w.file] = true
	}
	out := make(map[string][]float32, len(want))
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := readFile(ctx, dir, file, want, out); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if w := want[name]; out[w.tensor] == nil {
			return nil, perk.Errorf(perk.EInvalid, op, "%s lacks tensor %q, which %s places there", w.file, name, list).WithHint("fetch both files again")
		}
	}
	return out, nil
}

// locate tells the file of every tensor, and the file that says so: the index where there is one file of weights no more, else the file itself.
func locate(dir fs.FS) (where map[string]string, list string, err error) {
	r, done, err := openWeights(dir, WeightsFile)
	if err == nil {
		defer done()
		where = make(map[string]string, len(r.Entries))
		for _, e := range r.Entries {
			where[e.Name] = WeightsFile
		}
		return where, WeightsFile, nil
	}
	if perk.ErrorCode(err) != perk.ENotFound {
		return nil, "", err
	}
	raw, indexErr := readSmall(dir, IndexFile, maxIndex)
	if perk.ErrorCode(indexErr) == perk.ENotFound {
		return nil, "", perk.Errorf(perk.ENotFound, op, "neither %s nor %s is there", WeightsFile, IndexFile).WithHint("perk reads safetensors only: fetch the model's %s, or %s and its shards, or save the model again in that format", WeightsFile, IndexFile)
	}
	if indexErr != nil {
		return nil, "", indexErr
	}
	where, err = parseIndex(raw)
	return where, IndexFile, err
}

// wanted lists the tensors of a configuration by Transformers' names and holds the names to those that there are.
func (f family) wanted(cfg lm.Config, where map[string]string, list string) (map[string]wanted, error) {
	tensors, err := lm.Tensors(cfg)
	if err != nil {
		return nil, err
	}
	prefix := f.prefix
	if embed, _ := f.name("embed", "", 2); where[embed] != "" {
		prefix = "" // saved without its head
	}
	want := make(map[string]wanted, len(tensors))
	for _, t := range tensors {
		name, turned := f.name(t.Name, prefix, len(t.Shape))
		if where[name] == "" {
			return nil, perk.Errorf(perk.EInvalid, op, "%s has no tensor %q, which %s asks for", list, name, ConfigFile).WithHint("weights and configuration belong to different models, or the download is not whole")
		}
		shape := slices.Clone(t.Shape)
		if turned {
			slices.Reverse(shape)
		}
		want[name] = wanted{where[name], t.Name, shape, turned}
	}
	for _, name := range slices.Sorted(maps.Keys(where)) {
		if _, ok := want[name]; ok || f.isUnused(name) || name == headName { // a copy of the embedding, where it is not wanted
			continue
		}
		return nil, perk.Errorf(perk.EInvalid, op, "%s has the tensor %q, which %s does not ask for", list, name, ConfigFile).WithHint("weights and configuration belong to different models, or perk does not run this variant")
	}
	return want, nil
}

// readFile adds the wanted tensors of one file to out.
func readFile(ctx context.Context, dir fs.FS, file string, want map[string]wanted, out map[string][]float32) error {
	r, done, err := openWeights(dir, file)
	if err != nil {
		return err
	}
	defer done()
	for _, e := range r.Entries {
		w, ok := want[e.Name]
		if !ok || w.file != file {
			continue
		}
		if err := ctx.Err(); err != nil {
			return perk.E(perk.ECanceled, op, err)
		}
		if !slices.Equal(e.Shape, w.shape) {
			return perk.Errorf(perk.EInvalid, op, "%s: tensor %q has shape %v, want %v by %s", file, e.Name, e.Shape, w.shape, ConfigFile).WithHint("weights and configuration belong to different models")
		}
		data, err := r.Floats(e)
		if err != nil {
			return perk.Errorf(perk.ErrorCode(err), op, "%s: %w", file, err)
		}
		if w.turned {
			data = transposed(data, w.shape[0], w.shape[1])
		}
		out[w.tensor] = data
	}
	return nil
}

// openWeights opens a safetensors file; done closes it.
func openWeights(dir fs.FS, name string) (r *safetensors.Reader, done func() error, err error) {
	f, size, err := open(dir, name)
	if err != nil {
		return nil, nil, err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		f.Close()
		return nil, nil, perk.Errorf(perk.EInvalid, op, "%s cannot be read at offsets", name)
	}
	if r, err = safetensors.Open(at, size); err != nil {
		f.Close()
		return nil, nil, perk.Errorf(perk.ErrorCode(err), op, "%s: %w", name, err)
	}
	return r, f.Close, nil
}

// block is the side of the squares by which transposed walks, so that both sides stay in the cache.
const block = 32

// transposed gives a matrix of (rows, cols) as (cols, rows).
func transposed(x []float32, rows, cols int) []float32 {
	out := make([]float32, len(x))
	for r0 := 0; r0 < rows; r0 += block {
		for c0 := 0; c0 < cols; c0 += block {
			for r := r0; r < min(r0+block, rows); r++ {
				for c := c0; c < min(c0+block, cols); c++ {
					out[c*rows+r] = x[r*cols+c]
				}
			}
		}
	}
	return out
}
