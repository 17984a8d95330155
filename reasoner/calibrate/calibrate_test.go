package calibrate_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
	"github.com/perkdb/perk/models"
	"github.com/perkdb/perk/models/modelstest"
	"github.com/perkdb/perk/reasoner/calibrate"
)

func nano(t *testing.T) *models.Model {
	t.Helper()
	files := models.Nano()
	if dir := os.Getenv("PERK_CALIBRATE_MODEL"); dir != "" {
		files = models.Path(dir)
	}
	m, err := models.Load(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestShippedModel calibrates the shipped model on the training split and measures on the evaluation split: right answers are kept, questions about other documents
// refused. PERK_CALIBRATE_N makes so many documents of each task (200 for published figures; without it few), PERK_CALIBRATE_MODEL names another model's folder.
func TestShippedModel(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the shipped model some hundred questions")
	}
	m := nano(t)
	n, tasks := 10, []string{"babilong-qa1", "student-recall-filler"}
	if s := os.Getenv("PERK_CALIBRATE_N"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		tasks = calibrate.Tasks()
	}
	fit := calibrate.Options{Tasks: tasks, Documents: max(30, n/2), Filler: filler(t), Threads: runtime.GOMAXPROCS(0), Seed: 1}
	c, _, err := calibrate.Fit(t.Context(), m, fit)
	if err != nil {
		t.Fatal(err)
	}
	calibrated, r := *m, *m.Recipe
	r.Calibration, calibrated.Recipe = c, &r
	o := fit
	o.Documents, o.Split, o.Seed = n, task.Eval, 2
	answers, err := calibrate.Ask(t.Context(), &calibrated, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range calibrate.Judge(answers) {
		t.Logf("%-22s own %4d foreign %4d EM %.3f kept %.3f refused %.3f balanced %.3f  AURC %.3f E-AURC %.3f ECE %.3f",
			row.Task, row.Own, row.Foreign, row.EM, row.Kept, row.Refused, row.Balanced, row.Quality.AURC, row.Quality.EAURC, row.Quality.ECE)
		if row.Task == "all" && (row.Balanced < 0.75 || row.Quality.ECE > 0.15) {
			t.Errorf("balanced accuracy %.3f, ECE %.3f", row.Balanced, row.Quality.ECE)
		}
	}
}

func filler(t *testing.T) task.Filler {
	dir := os.Getenv("PERK_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	prose, err := task.OpenProse(filepath.Join(dir, "prose", "english_novels_97.txt.gz"))
	if perk.ErrorCode(err) == perk.ENotFound {
		return task.Generated{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return prose
}

// small is quick even with the race detector.
func small() calibrate.Options {
	return calibrate.Options{Tasks: []string{"student-recall", "babilong-qa1"}, Documents: 3, MinTokens: 150, MaxTokens: 200, PerDocument: 2}
}

func TestThreadsDoNotMatter(t *testing.T) {
	m := modelstest.Model(t, 1)
	var all [][]calibrate.Answer
	for _, threads := range []int{1, 3} {
		o := small()
		o.Threads = threads
		last := 0
		o.Progress = func(done, total int) {
			if last++; done != last || total != 6 {
				t.Errorf("progress %d of %d after %d", done, total, last-1)
			}
		}
		answers, err := calibrate.Ask(t.Context(), m, o)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, answers)
	}
	if d := cmp.Diff(all[0], all[1]); d != "" {
		t.Error(d)
	}
	rows := calibrate.Judge(all[0])
	if len(rows) != 3 || rows[0].Task != "student-recall" || rows[0].Own == 0 || rows[0].Own > 6 || rows[0].Foreign == 0 || rows[2].Quality.N != len(all[0]) {
		t.Errorf("%+v", rows)
	}
}

func TestErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*calibrate.Options)
		code   perk.Code
	}{
		"a model that knows nothing": {t.Context(), func(*calibrate.Options) {}, perk.EInvalid},
		"no such task":               {t.Context(), func(o *calibrate.Options) { o.Tasks = []string{"x"} }, perk.EInvalid},
		"one document":               {t.Context(), func(o *calibrate.Options) { o.Documents = 1 }, perk.EInvalid},
		"longest below shortest":     {t.Context(), func(o *calibrate.Options) { o.MaxTokens = 10 }, perk.EInvalid},
		"canceled":                   {ended, func(*calibrate.Options) {}, perk.ECanceled},
	} {
		o := small()
		c.change(&o)
		if _, _, err := calibrate.Fit(c.ctx, modelstest.Model(t, 1), o); perk.ErrorCode(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func TestJudge(t *testing.T) {
	answer := func(task string, answerable, right, refused bool) calibrate.Answer {
		a := calibrate.Answer{Task: task, Refused: refused, Confidence: .75}
		if refused {
			a.Confidence = .25
		}
		a.Answerable, a.Right = answerable, right
		return a
	}
	rows := calibrate.Judge([]calibrate.Answer{
		answer("b", true, true, false), answer("b", true, true, true), answer("b", true, false, true), answer("b", false, false, true),
		answer("a", true, true, false), answer("a", false, false, false),
	})
	for i := range rows {
		rows[i].Quality.AURC, rows[i].Quality.EAURC, rows[i].Quality.ECE = 0, 0, 0 // confidence's tests see to them
	}
	b := calibrate.Row{Task: "b", Own: 3, Foreign: 1, EM: 2. / 3, Kept: .5, Refused: 1, Balanced: .75}
	a := calibrate.Row{Task: "a", Own: 1, Foreign: 1, EM: 1, Kept: 1, Refused: 0, Balanced: .5}
	all := calibrate.Row{Task: "all", Own: 4, Foreign: 2, EM: .75, Kept: 2. / 3, Refused: .5, Balanced: (2./3 + .5) / 2}
	b.Quality.N, b.Quality.Risk, a.Quality.N, a.Quality.Risk, all.Quality.N, all.Quality.Risk = 4, .5, 2, .5, 6, .5
	if d := cmp.Diff([]calibrate.Row{b, a, all}, rows, cmpopts.EquateApprox(0, 1e-12)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
