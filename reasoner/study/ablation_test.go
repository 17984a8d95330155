package study_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder/meta"
	"github.com/perkdb/perk/reasoner/study"
)

var update = flag.Bool("update", false, "write the golden files, and the ablations' configurations from that of the shipped model")

// TestAblationConfigs holds docs/training/ablations to the table of ablations. Their common base is base.json there: the shipped model's own configuration
// at the time of -update.
func TestAblationConfigs(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "training", "ablations")
	base := filepath.Join(dir, "base.json")
	if *update {
		own, err := os.ReadFile(filepath.Join("..", "..", "models", "perk-nano", "train.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, base, own)
	}
	text, err := os.ReadFile(base)
	if err != nil {
		t.Fatal(err)
	}
	configs, err := study.Configs(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"base.json"}
	for name, b := range configs {
		path := filepath.Join(dir, name+".json")
		want = append(want, name+".json")
		if *update {
			write(t, path, b)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := meta.ParseConfig(got, nil)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := meta.ParseConfig(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fresh, c); d != "" {
			t.Errorf("%s is not what the table says; go test ./reasoner/study -run TestAblationConfigs -update writes it (-table +file):\n%s", path, d)
		}
		if c.Name != name || c.OuterSteps != 1000 || c.Lengths[len(c.Lengths)-1].Max != 512 || len(c.Tasks) != 3 {
			t.Errorf("%s: %+v", name, c)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if d := cmp.Diff(slices.Sorted(slices.Values(want)), got); d != "" {
		t.Error(d)
	}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		text := strings.Replace(string(configs[name]), `"name": "`+name+`"`, "", 1)
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s are the same training", name, other)
		}
		seen[text] = name
	}
}

func TestConfigsErrors(t *testing.T) {
	for name, base := range map[string]string{"no JSON": "{", "no configuration": "{}", "unknown field": `{"stepz": 1}`} {
		if _, err := study.Configs([]byte(base)); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
