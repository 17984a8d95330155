package eval_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner/eval"
)

func qa1(t *testing.T) eval.Options {
	t.Helper()
	qa1, err := task.ByName("babilong-qa1")
	if err != nil {
		t.Fatal(err)
	}
	return eval.Options{Task: qa1, Filler: task.Generated{}, Tokens: 600, N: 7, PerDocument: 2, Seed: 7}
}

func TestThreadsDoNotMatter(t *testing.T) {
	m := modelstest.Model(t, 1)
	var results []*eval.Result
	for _, threads := range []int{1, 3} {
		o := qa1(t)
		o.Threads = threads
		last := 0
		o.Progress = func(done, total int, _ string) {
			if last++; done != last || done > total {
				t.Errorf("progress %d of %d after %d", done, total, last-1)
			}
		}
		r, err := eval.Run(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.N != 7 || r.Documents != 4 || last != 11 || r.Filler != "generated" || r.Task != "babilong-qa1" || r.Tokens != 600 || r.Seed != 7 {
			t.Errorf("%+v after %d steps", r, last)
		}
		if r.SecondsEncode <= 0 || r.SecondsAsk <= 0 || r.AdapterBytes <= 0 || r.Chance < 1.0/6-0.05 || r.Chance > 0.3 {
			t.Errorf("%+v", r)
		}
		if f := r.ByForm["where-is-person"]; f.N != r.N || f.Score != r.Memory {
			t.Errorf("by form: %+v", r.ByForm)
		}
		results = append(results, r)
	}
	if d := cmp.Diff(results[0], results[1], cmpopts.IgnoreFields(eval.Result{}, "SecondsEncode", "SecondsAsk", "Threads")); d != "" {
		t.Error(d)
	}
}

func TestSeedsDiffer(t *testing.T) {
	m := modelstest.Model(t, 1)
	var losses []float64
	for _, seed := range []uint64{7, 8} {
		o := qa1(t)
		o.Seed = seed
		r, err := eval.Run(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, r.Chance)
	}
	if losses[0] == losses[1] {
		t.Error("two seeds measure chance on the same documents")
	}
}

func TestOwnDocuments(t *testing.T) {
	m := modelstest.Model(t, 1)
	docs := `{"id":"a","text":"Mary went to the kitchen.","questions":[{"question":"Where is Mary?","answer":"kitchen"},{"question":"Who?","answer":["Mary","she"]}]}
{"id":"b","text":"John went to the garden.","questions":[{"question":"Where is John?","answer":"garden"}]}`
	episodes, err := task.ReadJSONL(strings.NewReader(docs))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]int{0: 3, 1: 1, 2: 2, 9: 3} {
		r, err := eval.Run(t.Context(), m, eval.Options{Episodes: episodes, N: n})
		if err != nil {
			t.Fatal(err)
		}
		if r.N != want || r.Task != "docs" || r.Filler != "none" || r.Documents != 2 || r.Tokens != 24 {
			t.Errorf("n %d: %+v", n, r)
		}
	}
}

func TestErrors(t *testing.T) {
	m := modelstest.Model(t, 1)
	bad := []task.Episode{{ID: "broken", Text: "a\xff", Questions: []task.QA{{Question: "?", Answers: []string{"x"}}}}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(o *eval.Options)
		code   perk.Code
		want   string
	}{
		"nothing to measure": {t.Context(), func(o *eval.Options) { o.Task = nil }, perk.EInvalid, "one of the two"},
		"both":               {t.Context(), func(o *eval.Options) { o.Episodes = bad }, perk.EInvalid, "one of the two"},
		"no questions":       {t.Context(), func(o *eval.Options) { o.N = 0 }, perk.EInvalid, "at least one"},
		"no room for a fact": {t.Context(), func(o *eval.Options) { o.Tokens = 3 }, perk.EInvalid, ""},
		"a bad document":     {t.Context(), func(o *eval.Options) { o.Task, o.Episodes = nil, bad }, perk.EInvalid, "document broken"},
		"canceled":           {ended, func(*eval.Options) {}, perk.ECanceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := qa1(t)
			c.change(&o)
			if _, err := eval.Run(c.ctx, m, o); perk.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want code %s and %q", err, c.code, c.want)
			}
		})
	}
}
