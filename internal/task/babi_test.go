package task_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk/internal/task"
)

// Statements and questions must be those of the bAbI files, whoever does what with whatever, and all forms of the files must come.
func TestBabiForms(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 900 episodes")
	}
	dir := dataDir(t)
	for name, file := range map[string]string{
		"babilong-qa1": "qa1_single-supporting-fact_train.txt.gz",
		"babilong-qa2": "qa2_two-supporting-facts_train.txt.gz",
		"babilong-qa3": "qa3_three-supporting-facts_train_1k.txt.gz",
	} {
		real := readBabi(t, filepath.Join(dir, "babi", file))
		ours := map[string]bool{}
		for seed := range uint64(300) {
			ep := draw(t, name, seed, options(2048, task.Train))
			for _, m := range eventRE.FindAllString(ep.Text, -1) {
				_, statement, _ := strings.Cut(m, ": ")
				ours[statement] = true
			}
			for _, q := range ep.Questions {
				ours[q.Question] = true
			}
		}
		if diff := cmp.Diff(patterns(real), patterns(ours)); diff != "" {
			t.Errorf("%s: forms of the bAbI file (-) and ours (+):\n%s", name, diff)
		}
		missing := 0
		for s := range real {
			if !ours[s] {
				missing++
			}
		}
		for s := range ours {
			if !real[s] && !rare(s, real) {
				t.Errorf("%s: %q is not in the bAbI file", name, s)
			}
		}
		// Rare statements with "there" may fail to be drawn; whole forms may not.
		if missing > len(real)/10 {
			t.Errorf("%s: %d of the file's %d statements and questions never came", name, missing, len(real))
		}
	}
}

// patterns puts letters in the place of who, where and what.
func patterns(statements map[string]bool) map[string]bool {
	out := map[string]bool{}
	for s := range statements {
		s = regexp.MustCompile(`Mary|John|Daniel|Sandra`).ReplaceAllString(s, "P")
		s = regexp.MustCompile(`bathroom|bedroom|garden|hallway|kitchen|office`).ReplaceAllString(s, "L")
		out[regexp.MustCompile(`apple|football|milk`).ReplaceAllString(s, "T")] = true
	}
	return out
}

// rare reports whether the file has the statement of another person: not every person happens to do everything in the small files.
func rare(s string, real map[string]bool) bool {
	_, rest, ok := strings.Cut(s, " ")
	for _, who := range []string{"Mary", "John", "Daniel", "Sandra"} {
		if ok && real[who+" "+rest] {
			return true
		}
	}
	return false
}

func readBabi(t *testing.T, path string) map[string]bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	number := regexp.MustCompile(`^\d+ `)
	for lines := bufio.NewScanner(z); lines.Scan(); {
		text, _, _ := strings.Cut(number.ReplaceAllString(lines.Text(), ""), "\t")
		if text = strings.TrimSpace(text); text != "" {
			out[text] = true
		}
	}
	return out
}
