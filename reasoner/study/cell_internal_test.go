package study

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
)

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		Tally
		low, high float64
	}{ // by hand, and as textbooks have them
		{Tally{10, 0}, 0, 0.2775328},
		{Tally{10, 10}, 0.7224672, 1},
		{Tally{200, 180}, 0.8506122, 0.9343110},
		{Tally{500, 250}, 0.4563345, 0.5436655},
		{Tally{}, 0, 1},
	} {
		low, high := c.Wilson()
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%+v: %.6f to %.6f", c, low, high)
		}
	}
}

func TestBreakEven(t *testing.T) {
	for _, c := range []struct {
		encode, ask, prompt, index, search float64
		wantPrompt, wantSearch             int
	}{
		{encode: 10, ask: 1, prompt: 3, index: 2, search: 2, wantPrompt: 6, wantSearch: 9}, // 10 + 5 = 15 = 5*3 is not yet less
		{encode: 1, ask: 1, prompt: 1, index: 5, search: 2, wantPrompt: 0, wantSearch: 1},
		{encode: 1, ask: 2, prompt: 1, index: 0, search: 2.5, wantPrompt: 0, wantSearch: 3},
	} {
		costs := Costs{Encode: Spent{Seconds: c.encode}, Ask: Spent{Seconds: c.ask}, Prompt: Spent{Seconds: c.prompt}, Index: Spent{Seconds: c.index}, Search: Spent{Seconds: c.search}}
		if p, s := costs.CheapestFrom(); p != c.wantPrompt || s != c.wantSearch {
			t.Errorf("%+v: %d and %d", c, p, s)
		}
	}
}

// TestKeys holds a cell's name to everything that its figure depends on.
func TestKeys(t *testing.T) {
	cell := Cell{Measure: Accuracy, Task: "babilong-qa1", Tokens: 1024, N: 500, Seed: 7, Way: Memory}
	other := func(change func(*Cell)) string {
		c := cell
		change(&c)
		return c.key(perk.Hash{1}, perk.Hash{2}, "", "novels")
	}
	keys := map[string]bool{}
	all := []string{
		other(func(*Cell) {}), other(func(c *Cell) { c.Tokens++ }), other(func(c *Cell) { c.N++ }), other(func(c *Cell) { c.Seed++ }), other(func(c *Cell) { c.Way = "rag" }),
		other(func(c *Cell) { c.Bits = 8 }), other(func(c *Cell) { c.Bin = 1 }), other(func(c *Cell) { c.Similar = 25 }), other(func(c *Cell) { c.Task = "facts" }),
		other(func(c *Cell) { c.Measure = Cost }), other(func(c *Cell) { c.Variant = "sgd" }),
		cell.key(perk.Hash{3}, perk.Hash{2}, "", "novels"), cell.key(perk.Hash{1}, perk.Hash{3}, "", "novels"), cell.key(perk.Hash{1}, perk.Hash{2}, "x", "novels"),
		cell.key(perk.Hash{1}, perk.Hash{2}, "", "generated"),
	}
	for _, k := range all {
		keys[k] = true
	}
	if len(keys) != len(all) || all[0] != other(func(*Cell) {}) {
		t.Errorf("%d different keys of %d", len(keys), len(all))
	}
}

// TestFullPlan holds the study to what it promises: questions enough, lengths, bins.
func TestFullPlan(t *testing.T) {
	scale, err := ScaleByName("full")
	if err != nil {
		t.Fatal(err)
	}
	longest, bins := 0, map[int]bool{}
	for _, s := range Plan(scale, []string{"rag"}) {
		for _, c := range s.Cells {
			longest = max(longest, c.Tokens)
			bins[c.Bin] = true
			if c.Measure == Accuracy && (c.N < 200 || c.Tokens <= 8<<10 && c.N < 500) || c.Measure == Cost && c.N < 5 {
				t.Errorf("%s asks %d questions", c, c.N)
			}
		}
	}
	if longest != 128<<10 || len(bins) != Bins+1 {
		t.Errorf("longest %d, bins %v", longest, bins)
	}
}

func TestParsePublished(t *testing.T) {
	const header = "model\tprompt\ttask\tlength\tcorrect\tn\tacc\n"
	got, err := parsePublished(strings.NewReader(header +
		"a\tinstr\tqa1\t1k\t50\t100\t0.5\nb\tinstr\tqa1\t1k\t90\t100\t0.9\nc\tinstr\tqa1\t1k\t70\t100\t0.7\n" +
		"few\tinstr\tqa1\t1k\t9\t9\t1\nd\tplain\tqa1\t1k\t100\t100\t1\ne\tinstr\tqa1\t1M\t100\t100\t1\nf\tinstr\tqa3\t128k\t10\t100\t0.1\n"))
	want := map[place]reference{{"babilong-qa1", 1024}: {3, 0.9, "b", 0.7}, {"babilong-qa3", 131072}: {1, 0.1, "f", 0.1}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(place{})); d != "" || err != nil {
		t.Error(d, err)
	}
	for name, text := range map[string]string{"empty": "", "no column": "model\ttask\n", "short row": header + "a\tinstr\n"} {
		if _, err := parsePublished(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPublishedData(t *testing.T) {
	data := os.Getenv("PERK_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	got, err := published(data)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the published accuracies are missing; set PERK_DATA")
		}
		t.Skip("no published accuracies in PERK_DATA")
	}
	if r := got[place{"babilong-qa2", 8 << 10}]; r.Models < 10 || r.Median > r.Best || r.Best == 0 {
		t.Errorf("%+v", r)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"key":"a","cell":{"task":"facts"},"scores":{"n":4,"right":2}}` + "\n" + `{"key":"b`))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		done, whole, err := parseJournal(b)
		if err != nil {
			return
		}
		if whole > int64(len(b)) || whole > 0 && b[whole-1] != '\n' {
			t.Errorf("%d of %d bytes are whole lines", whole, len(b))
		}
		again, n, err := parseJournal(b[:whole])
		if err != nil || n != whole || len(again) != len(done) {
			t.Errorf("the whole lines read otherwise: %v", err)
		}
	})
}

func FuzzPublished(f *testing.F) {
	f.Add("model\tprompt\ttask\tlength\tcorrect\tn\tacc\na\tinstr\tqa1\t1k\t50\t100\t0.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parsePublished(strings.NewReader(text))
		for p, r := range got {
			if err == nil && (r.Models < 1 || !(r.Median <= r.Best && r.Best <= 1 && r.Median >= 0)) {
				t.Errorf("%+v: %+v", p, r)
			}
		}
	})
}
