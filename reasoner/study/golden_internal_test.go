package study

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/confidence"
	"github.com/perkdb/perk/reasoner/calibrate"
)

// TestMarkdown holds the report's tables to a golden file, for made-up results of most cells: every third Accuracy was not measured yet.
func TestMarkdown(t *testing.T) {
	f := &findings{o: Options{Scale: scales()[2]}, cells: map[Cell]Result{}, published: map[place]reference{
		{"babilong-qa1", 256}: {Models: 12, Best: 0.981, By: "somebody/else", Median: 0.5}}}
	f.plan = Plan(f.o.Scale, nil)
	i := 0
	for _, s := range f.plan {
		for _, c := range s.Cells {
			r := Result{Cell: c}
			switch c.Measure {
			case Cost:
				r.Costs = &Costs{Tokens: 250, Decoded: 20, Repeats: 5, Encode: Spent{0.5, 12e6}, Ask: Spent{0.0015, 3e6}, Prompt: Spent{0.0215, 4e6}, Index: Spent{0.0001, 1e3},
					Search: Spent{0.001, 2e6}, AdapterBytes: 33608, TextBytes: 817, CacheBytes: 1048576}
			case Confidence:
				r.Trust = &Trust{Rows: []calibrate.Row{{Task: "all", Own: 200, Foreign: 200, EM: 0.9, Kept: 0.95, Refused: 0.85, Balanced: 0.9,
					Quality: confidence.Quality{N: 400, AURC: 0.123, EAURC: 0.045, ECE: 0.02}}}, Curve: []confidence.Point{{Coverage: 0.5, Risk: 0.1}, {Coverage: 1, Risk: 0.5}}}
			default:
				if i++; i%3 == 0 && s.Name != BitWidths {
					continue
				}
				r.Scores = &Scores{Tally: Tally{500, 500 - i}, None: &Tally{500, 85}, Wrong: &Tally{500, 80}, Chance: 0.174, AdapterBytes: int64(33608 * max(1, c.Bits) / 8)}
				if c.Task == "student-recall" {
					r.Scores.Forms = map[string]Tally{"grade": {250, 200}, "major": {250, 240}}
				}
			}
			f.cells[c] = r
		}
	}
	var text strings.Builder
	for _, s := range f.sections() {
		text.WriteString(s.text)
		for _, p := range s.plots {
			if _, err := p.svg(); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
			text.WriteString("[" + p.name + "]\n\n")
		}
	}
	path := filepath.Join("testdata", "report.golden")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), text.String()); d != "" {
		t.Errorf("go test ./reasoner/study -run TestMarkdown -update writes it (-want +got):\n%s", d)
	}
}
