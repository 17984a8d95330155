package task_test

import (
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

func TestLibraryWithoutData(t *testing.T) {
	l := task.Open(t.TempDir())
	if diff := cmp.Diff(task.Names(), l.Names()); diff != "" {
		t.Errorf("names without data:\n%s", diff)
	}
	if _, err := l.ByName("facts"); err != nil {
		t.Errorf("facts: %v", err)
	}
	for _, name := range []string{"squad", "hotpotqa", "longgorilla"} {
		if _, err := l.ByName(name); perk.ErrorCode(err) != perk.ENotFound || !strings.Contains(hint(err), "PERK_DATA") {
			t.Errorf("%s: error %v, want ENotFound with a hint at PERK_DATA", name, err)
		}
		if _, err := task.ByName(name); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(hint(err), "PERK_DATA") {
			t.Errorf("%s by name: error %v, want EInvalid with a hint at PERK_DATA", name, err)
		}
	}
}

func TestKnown(t *testing.T) {
	for _, name := range append(task.Names(), "squad", "hotpotqa", "longgorilla") {
		if err := task.Known(name); err != nil {
			t.Error(err)
		}
	}
	if err := task.Known("squid"); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("squid: error %v, want EInvalid", err)
	}
}

func TestLibraryOfDamagedData(t *testing.T) {
	for what, text := range map[string]string{
		"no JSON": "nonsense", "too little": `{"data": [{"title": "a", "paragraphs": [{"context": "b c", "qas": [{"question": "d", "answers": [{"text": "c"}]}]}]}]}`,
		"cut off": `{"data": [{"title": "a"`, "a list": `[]`,
	} {
		dir := t.TempDir()
		pack(t, filepath.Join(dir, "squad", "train-v1.1.json.gz"), text)
		if _, err := task.Open(dir).ByName("squad"); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", what, err)
		}
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "hotpotqa"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hotpotqa", "train-distractor-500.jsonl.gz"), []byte("not gzip"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := task.Open(dir).ByName("hotpotqa"); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("not gzip: error %v, want EInvalid", err)
	}
}

func pack(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// Tasks over data sets keep the promises of the generated ones, but for the length: whole paragraphs leave a gap.
func TestDataSets(t *testing.T) {
	l := task.Open(dataDir(t))
	for _, name := range []string{"squad", "hotpotqa", "longgorilla"} {
		if !slices.Contains(l.Names(), name) {
			t.Errorf("%s is not listed: %v", name, l.Names())
		}
		tk, err := l.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		questions, quoted := 0, 0
		asked := [2]map[string]bool{{}, {}}
		for seed := range seeds(40, 8) {
			split := task.Split(seed % 2)
			o := options([]int{2500, 6000}[seed/2%2], split)
			episode := func(seed uint64) task.Episode {
				ep, err := tk.Episode(rand.New(rand.NewPCG(seed, 5)), o)
				if err != nil {
					t.Fatalf("%s, seed %d: %v", name, seed, err)
				}
				return ep
			}
			ep, other := episode(seed), episode(seed+500)
			if diff := cmp.Diff(ep, episode(seed)); diff != "" {
				t.Errorf("%s, seed %d: drawn twice:\n%s", name, seed, diff)
			}
			if n := o.Count(ep.Text); n > o.Tokens || n < o.Tokens*6/10 {
				t.Errorf("%s, seed %d: %d tokens of %d", name, seed, n, o.Tokens)
			}
			for _, q := range ep.Questions {
				questions++
				asked[split][q.Question] = true
				if a := q.Answers[0]; !strings.Contains(ep.Text, a) && a != "yes" && a != "no" {
					t.Errorf("%s: the answer %q of %q is not in the document", name, a, q.Question)
				}
				for _, f := range q.Support {
					quoted++
					if !strings.Contains(ep.Text, f.Text) {
						t.Errorf("%s: support %q is not in the document", name, f.Text)
					}
				}
			}
			checkForeign(t, ep, other)
			if seed > 1 {
				continue
			}
			o.NoSupport = true
			for i, q := range episode(seed).Questions {
				if q.Question != ep.Questions[i].Question || len(q.Support) == 1 {
					t.Errorf("%s: asked without support: %q with %v", name, q.Question, q.Support)
				}
			}
		}
		for q := range asked[task.Eval] {
			if asked[task.Train][q] {
				t.Errorf("%s: %q is in both splits", name, q)
			}
		}
		if questions < int(seeds(40, 8)) || name != "longgorilla" && quoted < questions/2 {
			t.Errorf("%s: %d questions, %d facts", name, questions, quoted)
		}
		if _, err := tk.Episode(rand.New(rand.NewPCG(1, 1)), options(3, task.Train)); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s in 3 tokens: error %v, want EInvalid", name, err)
		}
	}
}

func hint(err error) string {
	var e *perk.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
