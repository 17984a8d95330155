package study_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/retrieve"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner/eval"
	"github.com/perkdb/perk/reasoner/study"
)

// options are a smoke run of a tiny model; two studies with -short.
func options(t *testing.T) study.Options {
	t.Helper()
	scale, err := study.ScaleByName("smoke")
	if err != nil {
		t.Fatal(err)
	}
	o := study.Options{Dir: t.TempDir(), Scale: scale, Model: modelstest.Model(t, 1), Filler: task.Generated{}, Variants: t.TempDir(), Threads: 2}
	if testing.Short() {
		o.Only = []string{study.BitWidths, study.Costing}
	}
	return o
}

// cells counts the lines of the journal.
func cells(t *testing.T, o study.Options) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.Dir, study.CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}

func TestSmokeAndResume(t *testing.T) {
	o := options(t)
	last := study.Progress{}
	o.Progress = func(p study.Progress) {
		if p.Done < last.Done || p.Share < last.Share-1e-9 || p.Share > 1+1e-9 {
			t.Errorf("progress %+v after %+v", p, last)
		}
		last = p
	}
	if err := study.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, s := range study.Plan(o.Scale, nil) {
		if s.Name != study.Ablations && (len(o.Only) == 0 || cmp.Equal([]string{s.Name}, o.Only[:1]) || cmp.Equal([]string{s.Name}, o.Only[1:])) {
			want += len(s.Cells)
		}
	}
	if n := cells(t, o); n != want || last.Done != want || last.Total != want || last.Share < 1-1e-9 {
		t.Errorf("%d cells of %d, last progress %+v", n, want, last)
	}

	// A second run measures nothing.
	o.Progress = func(p study.Progress) { t.Errorf("measures %v again", p.Cell) }
	if err := study.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := cells(t, o); n != want {
		t.Errorf("%d cells after the second run, want %d", n, want)
	}
	report(t, o)

	// Other weights are measured anew, and have a report of their own.
	o.Model, o.Progress, o.Only = modelstest.Model(t, 2), nil, []string{study.Costing}
	if err := study.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := cells(t, o); n != want+1 {
		t.Errorf("%d cells with other weights, want %d", n, want+1)
	}
}

// report writes the report and reads it back.
func report(t *testing.T, o study.Options) {
	t.Helper()
	if err := study.Write(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, study.MarkdownFile))
	if err != nil {
		t.Fatal(err)
	}
	plots, err := filepath.Glob(filepath.Join(o.Dir, "*.svg"))
	if err != nil || len(plots) < 2 {
		t.Fatalf("%d plots, %v", len(plots), err)
	}
	for _, path := range plots {
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
		}
		if !strings.Contains(string(text), "("+filepath.Base(path)+")") {
			t.Errorf("%s is not shown", path)
		}
	}
	b, err := os.ReadFile(filepath.Join(o.Dir, study.JSONFile))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Studies []struct {
			Planned int
			Cells   []struct{ Low, High *float64 }
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil || len(doc.Studies) != len(study.Names()) {
		t.Errorf("%d studies, %v", len(doc.Studies), err)
	}
}

// TestEndedRun ends a run in its third cell: the first two are kept, and the next run goes on with the third.
func TestEndedRun(t *testing.T) {
	o := options(t)
	o.Only = []string{study.BitWidths}
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(p study.Progress) {
		if p.Done == 2 {
			cancel()
		}
	}
	if err := study.Run(ctx, o); perk.ErrorCode(err) != perk.ECanceled {
		t.Fatal(err)
	}
	if n := cells(t, o); n != 2 {
		t.Errorf("%d cells kept, want 2", n)
	}
	// A killed process leaves half a line.
	path := filepath.Join(o.Dir, study.CellsFile)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"key":"12`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := study.Write(t.Context(), o); err != nil {
		t.Errorf("a report beside a torn line: %v", err)
	}
	first, total := true, 0
	o.Progress = func(p study.Progress) {
		if first && p.Cell.Bits != 32 {
			t.Errorf("goes on with %+v", p.Cell)
		}
		first, total = false, p.Total
	}
	if err := study.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := cells(t, o); total != 4 || n != 6 {
		t.Errorf("%d cells measured after the kill, %d in all, want 4 of 6", total, n)
	}
	if b, err := os.ReadFile(path); err != nil || strings.Contains(string(b), `{"key":"12{`) {
		t.Errorf("the torn line is still there, or %v", err)
	}
}

// TestReaders holds baselines to columns of their own, and the whole prompt to documents that it can read in reasonable time.
func TestReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("measures all tasks three times")
	}
	o := options(t)
	o.Only = []string{study.Length}
	m := modelstest.Model(t, 3)
	o.Readers = map[string]eval.Reader{
		"rag":    {Model: m, Settings: retrieve.Settings{Context: retrieve.Retrieved, Passages: 2, PassageTokens: 32, Retriever: retrieve.ByBM25}},
		"ft-icr": {Model: m, Settings: retrieve.Settings{Context: retrieve.Whole}},
	}
	if err := study.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range study.Plan(o.Scale, []string{"ft-icr", "rag"})[0].Cells {
		if c.Tokens <= 8<<10 || c.Way != "ft-icr" {
			n++
		}
	}
	if got := cells(t, o); got != n {
		t.Errorf("%d cells, want %d", got, n)
	}
	report(t, o)
	text, err := os.ReadFile(filepath.Join(o.Dir, study.MarkdownFile))
	if err != nil || !strings.Contains(string(text), "| tokens | memory | ft-icr | rag | no adapter |") {
		t.Errorf("%v in\n%s", err, text)
	}
}

func TestErrors(t *testing.T) {
	o := options(t)
	o.Only = []string{"speed"}
	if err := study.Run(t.Context(), o); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "position") {
		t.Error(err)
	}
	if _, err := study.ScaleByName("huge"); perk.ErrorCode(err) != perk.EInvalid {
		t.Error(err)
	}
	o.Only = nil
	if err := os.WriteFile(filepath.Join(o.Dir, study.CellsFile), []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"run": study.Run(t.Context(), o), "report": study.Write(t.Context(), o)} {
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s of a damaged file: %v", name, err)
		}
	}
}
