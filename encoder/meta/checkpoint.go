package meta

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

// checkpointKey names the state in the checkpoint's metadata.
const checkpointKey = "perk.checkpoint"

type checkpoint struct {
	Config *Config `json:"config"`
	Step   int     `json:"step"`
}

// Save writes the whole state, atomically: a killed process leaves the old checkpoint or the new one. Errors: EInternal, ENoSpace is the
// caller's to see in the wrapped error.
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

// Resume loads a checkpoint if there is one and says whether. The configuration must be the checkpoint's own. Errors: ECorrupt, EInvalid.
func (t *Trainer) Resume(path string) (bool, error) {
	const op = "meta.Resume"
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, perk.E(perk.EInternal, op, err)
	}
	f, err := safetensors.Read(b)
	if err != nil {
		return false, perk.E(perk.ErrorCode(err), op, err)
	}
	var head checkpoint
	if err := json.Unmarshal([]byte(f.Metadata[checkpointKey]), &head); err != nil {
		return false, perk.Errorf(perk.ECorrupt, op, "%s: decode %s: %w", path, checkpointKey, err)
	}
	was, _ := json.Marshal(head.Config)
	if now, _ := json.Marshal(t.c); string(was) != string(now) {
		return false, perk.Errorf(perk.EInvalid, op, "%s was written with another training configuration", path).
			WithHint("train into another folder, or go on with the configuration of the checkpoint")
	}
	for i, p := range t.params {
		for prefix, data := range map[string][]float32{"p.": p.Data, "m.": t.m[i], "v.": t.v[i]} {
			saved, ok := f.Tensor(prefix + p.Name)
			if !ok || len(saved.Data) != len(data) {
				return false, perk.Errorf(perk.ECorrupt, op, "%s lacks tensor %s%s or it has another size", path, prefix, p.Name)
			}
			copy(data, saved.Data)
		}
	}
	t.step = head.Step
	return true, nil
}

// WriteFile replaces a file atomically and durably.
func WriteFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return perk.E(perk.EInternal, "meta.WriteFile", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return perk.E(perk.EInternal, "meta.WriteFile", err)
	}
	return nil
}
