package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
)

func TestPrintEvidence(t *testing.T) {
	var b bytes.Buffer
	err := printEvidence(&b, &perk.Answer{Text: "hall", Confidence: .25, MinConfidence: .5, NotInDocument: true, Support: []perk.Fact{
		{Text: "a b", State: perk.FactFound, Start: 3, End: 7, Count: 1, Quote: "a\nb"},
		{Text: "c", State: perk.FactFound, Start: 9, End: 10, Count: 3, Quote: "c"},
		{Text: "d", State: perk.FactNotFound}, {Text: "e"},
	}})
	want := `confidence 0.25, below 0.50: "hall" was not taken for an answer
bytes 3-7: "a\nb"
bytes 9-10 and 2 more places: "c"
NOT FOUND in the document: "d"
recalled: "e"
`
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestGrounded calibrates the shipped model and asks it: the facts that it recalls are located in the document.
func TestGrounded(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and asks some dozen documents with the shipped model")
	}
	w := newWorld(t)
	w.model = t.TempDir()
	for _, name := range []string{models.ModelFile, models.RecipeFile, models.TokenizerFile} {
		b, err := os.ReadFile(filepath.Join("..", "..", "models", "perk-nano", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(w.model, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	before := decode[modelInfo](t, w.ok("model", "info", "--json"))
	report := decode[calibrateReport](t, w.ok("calibrate", "--out", filepath.Join(w.model, models.RecipeFile), "--task", "babilong-qa1,student-recall-filler",
		"--documents", "12", "--max-tokens", "600", "--json"))
	after := decode[modelInfo](t, w.ok("model", "info", "--json"))
	if after.Recipe != before.Recipe || after.Calibrated != report.Calibration.Questions || after.Threshold != report.Calibration.Threshold || after.Threshold <= 0 {
		t.Errorf("before %+v, after %+v, report %+v", before, after, report)
	}

	narrow := t.TempDir()
	if err := os.CopyFS(narrow, os.DirFS(w.model)); err != nil {
		t.Fatal(err)
	}
	w.ok("calibrate", "--bits", "3", "--out", filepath.Join(narrow, models.RecipeFile), "--task", "babilong-qa1", "--documents", "12", "--max-tokens", "400")
	if got, err := models.Load(t.Context(), models.Path(narrow)); err != nil || got.Recipe.Bits != 3 || got.Recipe.Calibration == nil || got.RecipeID == before.Recipe {
		t.Errorf("calibrated for 3 bits: %+v, %v", got, err)
	}

	m, err := models.Load(t.Context(), models.Path(w.model))
	if err != nil {
		t.Fatal(err)
	}
	sample, err := task.Sample(1, 1, []string{"babilong-qa1"}, m.Tokenizer.Count)
	if err != nil {
		t.Fatal(err)
	}
	text := sample[0].Text
	w.write("story.txt", text)
	w.index()
	located := 0
	for _, q := range sample[0].Questions {
		a := decode[perk.Answer](t, w.ok("ask", "docs/story.txt", q.Question, "--json"))
		if len(a.Support) == 0 || a.MinConfidence != after.Threshold || a.Confidence <= 0 {
			t.Errorf("%+v", a)
		}
		for _, f := range a.Support {
			if f.State == perk.FactFound {
				located++
				if f.Quote != text[f.Start:f.End] || strings.Join(strings.Fields(f.Quote), " ") != strings.Join(strings.Fields(f.Text), " ") {
					t.Errorf("%+v does not stand there", f)
				}
			}
		}
	}
	if located == 0 {
		t.Errorf("none of the facts recalled for %d questions was found", len(sample[0].Questions))
	}
	always := w.ok("ask", "docs/story.txt", "Where is Xylophon?", "--min-confidence", "0")
	if always == perk.NotInDocument+"\n" {
		t.Errorf("switched off, but refused: %q", always)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	w := newWorld(t)
	out := filepath.Join(t.TempDir(), "recipe")
	w.fails([]string{"trained one"}, "calibrate", "--out", out, "--task", "babilong-qa1", "--documents", "2", "--max-tokens", "300")
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a recipe was written: %v", err)
	}
	if r := w.perk("calibrate"); r.status != statusUsage {
		t.Errorf("without --out: %+v", r)
	}
}
