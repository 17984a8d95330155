package task_test

import (
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/task"
)

// checkForeign holds the questions of Foreign to what they promise and gives their number.
func checkForeign(t *testing.T, ep, other task.Episode) int {
	t.Helper()
	all := task.Foreign(ep, other)
	for _, q := range all {
		if !q.Unanswerable || len(q.Answers) > 0 || len(q.Support) > 0 || q.Form == "" || q.Cloze {
			t.Errorf("not a foreign question: %+v", q)
		}
		missing := false
		for _, name := range q.About {
			missing = missing || !strings.Contains(ep.Text, name)
		}
		if !missing {
			t.Errorf("%s: the document has all of %q, which %q is about", ep.Task, q.About, q.Question)
		}
	}
	return len(all)
}

func TestForeign(t *testing.T) {
	for _, name := range task.Names() {
		n := 0
		for seed := range seeds(30, 20) {
			o := options(800, task.Split(seed%2))
			n += checkForeign(t, draw(t, name, seed, o), draw(t, name, seed+900, o))
		}
		switch {
		case name == "student-aggregate" && n > 0:
			t.Errorf("%s: every document has a highest grade, yet %d questions are foreign", name, n)
		case name != "student-aggregate" && name != "babilong-qa3" && n < 5:
			t.Errorf("%s: only %d foreign questions", name, n)
		}
		t.Log(name, n)
	}
	ep := draw(t, "babilong-qa1", 1, options(800, task.Train))
	if n := len(task.Foreign(ep, ep)); n > 0 {
		t.Errorf("%d questions of a document are foreign to it", n)
	}
}

// A question about somebody whom the story lacks is the point of it: nobody of the story may be asked for.
func TestForeignBabilong(t *testing.T) {
	for seed := range seeds(60, 20) {
		o := options(800, task.Eval)
		ep := draw(t, "babilong-qa1", seed, o)
		for _, q := range task.Foreign(ep, draw(t, "babilong-qa1", seed+900, o)) {
			for _, e := range parseEvents(t, ep.Text) {
				if q.Question == "Where is "+e.who+"?" {
					t.Errorf("%q can be answered", q.Question)
				}
			}
		}
	}
}
