package meta

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// checkpointKey names the state in the checkpoint's metadata.
const checkpointKey = "perk.checkpoint"

type checkpoint struct {
	Config *Config `json:"config"`
	Step   int     `json:"step"`
}

// Save writes the whole state, atomically: a killed process leaves the old checkpoint or the new one. Errors: ENoSpace, EInternal.
func (t *Trainer) Save(path string) error {
	head, err := json.Marshal(checkpoint{t.c, t.step})
	if err != nil {
		return perk.E(perk.EInternal, "meta.Save", err)
	}
	var tensors []safetensors.Tensor
	for i, p := range t.params {
		shape := []int{p.Rows, p.Cols}
		tensors = append(tensors, safetensors.Tensor{Name: "p." + p.Name, Shape: shape, Data: p.Data},
			safetensors.Tensor{Name: "m." + p.Name, Shape: shape, Data: t.m[i]}, safetensors.Tensor{Name: "v." + p.Name, Shape: shape, Data: t.v[i]})
	}
	b, err := safetensors.Marshal(map[string]string{checkpointKey: string(head)}, tensors)
	if err != nil {
		return err
	}
	return WriteFile(path, b)
}

// Resume loads a checkpoint if there is one and says whether. The configuration must be the checkpoint's own. The trainer is as before where Resume
// fails. Errors: ECorrupt, EInvalid (another configuration), EInternal (the file cannot be read).
func (t *Trainer) Resume(path string) (bool, error) {
	const op = "meta.Resume"
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, perk.E(perk.EInternal, op, err)
	}
	if err := t.restore(b); err != nil {
		return false, perk.E(perk.ErrorCode(err), op, fmt.Errorf("%s: %w", path, err)).
			WithHint("train into another folder; a checkpoint goes on only with its own configuration")
	}
	return true, nil
}

// restore takes the state of a checkpoint's bytes, all of it or nothing. Errors: ECorrupt, EInvalid.
func (t *Trainer) restore(b []byte) error {
	const op = "meta.Resume"
	f, err := safetensors.Read(b)
	if err != nil {
		return err
	}
	var head checkpoint
	if err := json.Unmarshal([]byte(f.Metadata[checkpointKey]), &head); err != nil || head.Config == nil {
		return perk.Errorf(perk.ECorrupt, op, "decode %s: %w", checkpointKey, cmp.Or(err, errors.New("no configuration")))
	}
	was, err := json.Marshal(head.Config)
	if err != nil {
		return perk.E(perk.EInternal, op, err)
	}
	now, err := json.Marshal(t.c)
	switch {
	case err != nil:
		return perk.E(perk.EInternal, op, err)
	case !bytes.Equal(was, now):
		return perk.Errorf(perk.EInvalid, op, "the checkpoint was written with another training configuration")
	case head.Step < 0 || head.Step > t.total():
		return perk.Errorf(perk.ECorrupt, op, "the checkpoint is of step %d of %d", head.Step, t.total())
	}
	var into, from [][]float32
	for i, p := range t.params {
		for _, part := range []struct {
			prefix string
			data   []float32
		}{{"p.", p.Data}, {"m.", t.m[i]}, {"v.", t.v[i]}} {
			saved, ok := f.Tensor(part.prefix + p.Name)
			if !ok || len(saved.Data) != len(part.data) {
				return perk.Errorf(perk.ECorrupt, op, "tensor %s%s is missing or has another size", part.prefix, p.Name)
			}
			into, from = append(into, part.data), append(from, saved.Data)
		}
	}
	for i := range into {
		copy(into[i], from[i])
	}
	t.step = head.Step
	return nil
}

// WriteFile replaces a file atomically: after a crash, of the machine too, it has the old content or the new. Errors: ENoSpace, EInternal.
func WriteFile(path string, b []byte) error {
	const op = "meta.WriteFile"
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err == nil {
		defer os.Remove(f.Name()) // gone by then when all went well
		_, err = f.Write(b)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if errors.Is(err, syscall.ENOSPC) {
		return perk.E(perk.ENoSpace, op, err).WithHint("free space on the disk of %s", filepath.Dir(path))
	}
	if err != nil {
		return perk.E(perk.EInternal, op, err)
	}
	return nil
}
