package eval_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner/eval"
)

func passages(k int) retrieve.Settings {
	return retrieve.Settings{Context: retrieve.Retrieved, Passages: k, PassageTokens: 64, Retriever: retrieve.ByBM25}
}

func combined() retrieve.Settings {
	s := passages(2)
	s.Adapter = true
	return s
}

func TestReaders(t *testing.T) {
	m := modelstest.Model(t, 1)
	var results []*eval.Result
	for _, threads := range []int{1, 2} {
		o := qa1(t)
		o.Threads, o.N = threads, 4
		o.Readers = []eval.Reader{{Model: m, Settings: retrieve.Settings{Context: retrieve.Whole}}, {Model: m, Settings: passages(2)}, {Model: m, Settings: combined()}}
		done, of := 0, 0
		o.Progress = func(d, total int, _ string) { done, of = d, total }
		r, err := eval.Run(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		if done != of || r.Prompt == nil || r.Retrieved == nil || r.Combined == nil {
			t.Fatalf("%d of %d: %+v", done, of, r)
		}
		if w := r.Prompt; w.Found != 1 || w.ContextTokens < 500 || w.ContextTokens > 601 || w.Window < w.ContextTokens+256 {
			t.Errorf("whole document: %+v", w)
		}
		if w := r.Retrieved; w.ContextTokens > 130 || w.ContextTokens < 60 || w.KVBytes >= r.Prompt.KVBytes || w.KVBytes <= r.KVBytes {
			t.Errorf("passages: %+v", w)
		}
		if r.Combined.ContextTokens != r.Retrieved.ContextTokens || r.Combined.SecondsIndex <= r.Retrieved.SecondsIndex {
			t.Errorf("combined: %+v, retrieved %+v", r.Combined, r.Retrieved)
		}
		results = append(results, r)
	}
	seconds := cmp.FilterPath(func(p cmp.Path) bool { return strings.HasPrefix(p.Last().String(), ".Seconds") }, cmp.Ignore())
	if d := cmp.Diff(results[0], results[1], seconds, cmpopts.IgnoreFields(eval.Result{}, "Threads")); d != "" {
		t.Error(d)
	}
}

func TestReaderErrors(t *testing.T) {
	m := modelstest.Model(t, 1)
	for want, readers := range map[string][]eval.Reader{
		"two readers": {{Model: m, Settings: passages(2)}, {Model: m, Settings: passages(3)}},
		"0 passages":  {{Model: m, Settings: passages(0)}},
	} {
		o := qa1(t)
		o.Readers = readers
		if _, err := eval.Run(t.Context(), m, o); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want EInvalid with %q", err, want)
		}
	}
}
