package meta

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

const shippedConfig = "../../models/perk-nano/train.json"

func TestParseConfig(t *testing.T) {
	shipped, err := os.ReadFile(shippedConfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(shipped, nil); err != nil {
		t.Errorf("the shipped configuration: %v", err)
	}
	for name, text := range map[string]string{
		"empty": "", "unknown field": `{"nme": "x"}`, "no model": `{"name": "x"}`, "rest": string(shipped) + "{}",
	} {
		if _, err := ParseConfig([]byte(text), nil); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want an invalid one", name, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no target":           func(c *Config) { c.Targets = nil },
		"target twice":        func(c *Config) { c.Targets = append(c.Targets, c.Targets[0]) },
		"target not written":  func(c *Config) { c.Targets[0].TrainB = false },
		"unknown rule":        func(c *Config) { c.Rule.Name = "newton" },
		"adamw without eps":   func(c *Config) { c.Rule = recipe.Rule{Name: recipe.AdamW, Beta1: 0.9, Beta2: 0.95} },
		"ridge of A":          func(c *Config) { c.Rule.Name, c.InnerRidge, c.Targets[0].TrainA = recipe.Ridge, 1, true },
		"ridge of no lambda":  func(c *Config) { c.Rule.Name = recipe.Ridge },
		"unroll":              func(c *Config) { c.Unroll = 2 },
		"overlap":             func(c *Config) { c.Overlap = -1 },
		"cloze above one":     func(c *Config) { c.Cloze = 1.5 },
		"aux_share above one": func(c *Config) { c.AuxShare = 2 },
		"precision":           func(c *Config) { c.Precision = "int8" },
		"weight_hidden":       func(c *Config) { c.WeightHidden = -1 },
		"task":                func(c *Config) { c.Tasks[0].Task = "chess" },
		"long chunks":         func(c *Config) { c.ChunkTokens = c.Model.Context },
		"lengths":             func(c *Config) { c.Lengths[0].Max = c.Lengths[0].Min - 1 },
		"min over max_tokens": func(c *Config) { c.Tasks[0].MinTokens, c.Tasks[0].MaxTokens = 400, 300 },
	} {
		c, _ := tiny(t)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if spoil(c); perk.ErrorCode(c.Validate()) != perk.EInvalid {
			t.Errorf("%s: error %v, want an invalid one", name, c.Validate())
		}
	}
}

// FuzzParseConfig holds what is read to what can be written: an accepted configuration is valid and keeps its meaning as JSON.
func FuzzParseConfig(f *testing.F) {
	shipped, err := os.ReadFile(shippedConfig)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	f.Add([]byte(`{"model": {"arch": "nano"}, "targets": [{}]}`))
	f.Add([]byte("{}{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseConfig(b, nil)
		if err != nil {
			if perk.ErrorCode(err) != perk.EInvalid {
				t.Fatalf("error %v, want an invalid one", err)
			}
			return
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConfig(text, nil)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("read again: %+v, %v, want %+v", again, err, c)
		}
	})
}

func TestResumeRefusesAnotherConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), CheckpointFile)
	if err := small(t, 1).Save(path); err != nil {
		t.Fatal(err)
	}
	other := small(t, 1)
	other.c.LR *= 2
	if _, err := other.Resume(path); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v, want an invalid one", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := small(t, 1).Resume(path); perk.ErrorCode(err) != perk.ECorrupt {
		t.Errorf("error %v of a truncated checkpoint, want a corrupt one", err)
	}
}

// FuzzResume feeds damaged checkpoints: each is refused as corrupt or of another configuration and changes nothing, or is taken whole.
func FuzzResume(f *testing.F) {
	path := filepath.Join(f.TempDir(), CheckpointFile)
	if err := small(f, 1).Save(path); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(slices.Concat(whole[:8], []byte(`{"__metadata__":{}}`)))
	tr := small(f, 1)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := slices.Clone(tr.params[0].Data)
		switch err := tr.restore(b); perk.ErrorCode(err) {
		case "":
			if made, total := tr.Steps(); made < 0 || made > total {
				t.Fatalf("at step %d of %d", made, total)
			}
		case perk.ECorrupt, perk.EInvalid:
			if !slices.EqualFunc(before, tr.params[0].Data, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Fatal("a refused checkpoint changed the trainer")
			}
		default:
			t.Fatalf("error %v, want a corrupt or an invalid one", err)
		}
	})
}

// A killed process leaves half a line at the end of the log; training goes on from the checkpoint all the same.
func TestTornLogLine(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, LogFile)
	if err := os.WriteFile(log, []byte(`{"step":0,"seconds":3}`+"\n"+`{"step":25,"sec`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := small(t, 1).Run(t.Context(), dir, time.Hour, nil); err != nil {
		t.Fatal(err)
	}
	lines, err := readLog(log)
	if err != nil || len(lines) != 2 || lines[0].Seconds != 3 || lines[1].Step != 5 || lines[1].Seconds < 3 {
		t.Errorf("log %+v, %v, want the whole first line and that of step 5", lines, err)
	}
	if err := os.WriteFile(log, []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readLog(log); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("error %v of a damaged line, want an invalid one", err)
	}
}
