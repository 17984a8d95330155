package task_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/task"
)

var recordRE = regexp.MustCompile(`(?m)^Student Id: (\d{7}), Student Name: ([^,]+), Year: (Freshman|Sophomore|Junior|Senior), School: ([^,]+), Major: ([^,]+), Grade: (\d{1,3})\.$`)

// readRecords gives the records by id; a record is id, name, year, school, major, grade.
func readRecords(t *testing.T, text string) map[string][]string {
	t.Helper()
	out, names := map[string][]string{}, map[string]bool{}
	for _, m := range recordRE.FindAllStringSubmatch(text, -1) {
		if out[m[1]] != nil || names[m[2]] {
			t.Errorf("id %s or name %s is used twice", m[1], m[2])
		}
		names[m[2]] = true
		out[m[1]] = m[1:]
	}
	if n := strings.Count(text, "Student Id"); n != len(out) || n == 0 {
		t.Fatalf("%d of %d records read", len(out), n)
	}
	return out
}

// answerRecord answers any question about records from the text alone.
func answerRecord(t *testing.T, records map[string][]string, question string) []string {
	t.Helper()
	ids := regexp.MustCompile(`\d{7}`).FindAllString(question, -1)
	grade := func(r []string) int { n, _ := strconv.Atoi(r[5]); return n }
	for _, part := range []struct {
		words string
		field int
	}{{"What is the name", 1}, {"Student Name:", 1}, {"Which year", 2}, {"Year:", 2}, {"Which school", 3}, {"School:", 3},
		{"What major", 4}, {"Major:", 4}, {"What is the grade", 5}, {"Grade:", 5}} {
		if strings.Contains(question, part.words) {
			return []string{records[ids[0]][part.field]}
		}
	}
	if len(ids) == 2 {
		a, b := records[ids[0]], records[ids[1]]
		var yes bool
		switch {
		case strings.Contains(question, "higher grade"):
			yes = grade(a) > grade(b)
		case strings.Contains(question, "same major"):
			yes = a[4] == b[4]
		case strings.Contains(question, "same school"):
			yes = a[3] == b[3]
		case strings.Contains(question, "same year"):
			yes = a[2] == b[2]
		default:
			t.Fatalf("unknown question %q", question)
		}
		return []string{map[bool]string{true: "Yes", false: "No"}[yes]}
	}
	lo, hi, sum := 101, -1, 0
	for _, r := range records {
		g := grade(r)
		lo, hi, sum = min(lo, g), max(hi, g), sum+g
	}
	switch {
	case strings.Contains(question, "highest"):
		return []string{strconv.Itoa(hi)}
	case strings.Contains(question, "lowest"):
		return []string{strconv.Itoa(lo)}
	}
	return []string{fmt.Sprintf("%.1f", float64(sum)/float64(len(records)))}
}

func TestStudentsResolvable(t *testing.T) {
	forms := map[string]int{}
	for _, name := range []string{"student-recall", "student-recall-filler", "student-relation", "student-aggregate"} {
		for seed := range seeds(40, 10) {
			ep := draw(t, name, seed, options(1024, task.Split(seed%2)))
			records := readRecords(t, ep.Text)
			if n := len(records); strings.HasSuffix(name, "filler") && (n < 2 || n > 12) {
				t.Errorf("%s: %d records", name, n)
			}
			for _, q := range ep.Questions {
				forms[q.Form]++
				if want := answerRecord(t, records, q.Question); want[0] != q.Answers[0] {
					t.Errorf("%s: %q answered %q, the text gives %q", name, q.Question, q.Answers, want)
				}
				if q.Cloze && len(q.Support) > 0 {
					t.Errorf("%s: cloze %q has support", name, q.Question)
				}
			}
		}
	}
	for _, f := range []string{"name", "year", "school", "major", "grade", "cloze-name", "cloze-grade", "higher-grade", "same-major", "same-school", "same-year", "highest", "lowest", "average"} {
		if forms[f] == 0 {
			t.Errorf("form %s never came", f)
		}
	}
}

func TestNoLeak(t *testing.T) {
	names := [2]map[string]bool{{}, {}}
	for _, split := range []task.Split{task.Train, task.Eval} {
		for seed := range seeds(60, 15) {
			for _, r := range readRecords(t, draw(t, "student-recall", seed, options(4096, split)).Text) {
				names[split][r[1]] = true
			}
		}
	}
	for what, sets := range map[string][2]map[string]bool{"names": names} {
		if len(sets[0]) < 12 || len(sets[1]) < 12 {
			t.Errorf("%s: only %d and %d seen", what, len(sets[0]), len(sets[1]))
		}
		for x := range sets[1] {
			if sets[0][x] {
				t.Errorf("%s: %q is in both splits", what, x)
			}
		}
	}
}

// A support holds the answer and names the entity asked for, no pattern is left unfilled, and no question has two answers.
func TestFactsResolvable(t *testing.T) {
	forms := map[string]int{}
	for i := range seeds(600, 200) {
		seed := i / 2
		ep := draw(t, []string{"facts", "facts-invented"}[i%2], seed, options(1024, task.Split(seed%2)))
		answers := map[string]string{}
		for _, q := range ep.Questions {
			forms[q.Form]++
			if was, ok := answers[q.Question]; ok && was != q.Answers[0] {
				t.Errorf("seed %d: %q is answered %q and %q", seed, q.Question, was, q.Answers[0])
			}
			answers[q.Question] = q.Answers[0]
			if regexp.MustCompile(`[{}@#]|\b(KEY|VAL|NOUN|LINK|LABEL|TYPE|DATE)\b`).MatchString(q.Question) && !q.Cloze {
				t.Errorf("seed %d: unfilled pattern in %q", seed, q.Question)
			}
			if q.Cloze {
				if n := strings.Count(ep.Text, q.Question+" "); n != 1 || !strings.Contains(ep.Text, q.Question+" "+q.Answers[0]) {
					t.Errorf("seed %d: cloze %q %q begins %d places", seed, q.Question, q.Answers, n)
				}
				continue
			}
			last := q.Support[len(q.Support)-1]
			if !strings.Contains(strings.ToLower(last.Text), strings.ToLower(q.Answers[0])) {
				t.Errorf("seed %d: %q does not state %q", seed, last.Text, q.Answers[0])
			}
			// What a memory can be led by must not come after what it is to give.
			if tail := strings.HasSuffix(last.Text, q.Answers[0]); tail == last.Reversed && !strings.HasPrefix(strings.ToLower(last.Text), strings.ToLower(q.Answers[0])) && q.Form != "reverse" {
				t.Errorf("seed %d: %q of %q: reversed is %v", seed, q.Answers[0], last.Text, last.Reversed)
			}
		}
	}
	for _, f := range []string{"recall", "two-hop", "reverse", "cloze"} {
		if forms[f] < 20 {
			t.Errorf("form %s came %d times: %v", f, forms[f], forms)
		}
	}
	t.Log(forms)
}
