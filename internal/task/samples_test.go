package task_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perkdb/perk/internal/task"
)

// readSample reads one of PERK's own samples.
func readSample(t *testing.T, into any, path ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{dataDir(t), "perk-samples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// PERK's BabiLong samples must read as ours do: every event, the question, the facts that it rests on.
func TestBabilongLikeSample(t *testing.T) {
	for _, c := range []struct {
		name, file string
		question   *regexp.Regexp
	}{
		{"babilong-qa1", "qa1.json", regexp.MustCompile(`^Where is (Mary|John|Daniel|Sandra)\? ?$`)},
		{"babilong-qa2", "qa2.json", regexp.MustCompile(`^Where is the (apple|football|milk)\? ?$`)},
		{"babilong-qa3", "qa3.json", regexp.MustCompile(`^Where was the (apple|football|milk) before the (bathroom|bedroom|garden|hallway|kitchen|office)\? ?$`)},
	} {
		var sample struct {
			Context          []string
			Question, Answer string
			Support          []string
		}
		readSample(t, &sample, "babilong", c.file)
		text := strings.Join(sample.Context, " ")
		events := parseEvents(t, text)
		if len(events) < 2 || !c.question.MatchString(sample.Question) {
			t.Errorf("%s: %d events, question %q", c.file, len(events), sample.Question)
		}
		for _, s := range sample.Support {
			if !strings.Contains(text, s) || len(eventRE.FindString(s)) != len(s) {
				t.Errorf("%s: support %q", c.file, s)
			}
		}
		for _, q := range draw(t, c.name, 1, options(1024, task.Train)).Questions {
			if !c.question.MatchString(q.Question) {
				t.Errorf("%s asks %q, PERK %q", c.name, q.Question, sample.Question)
			}
		}
		if places := []string{"bathroom", "bedroom", "garden", "hallway", "kitchen", "office"}; !slices.Contains(places, sample.Answer) {
			t.Errorf("%s: answer %q", c.file, sample.Answer)
		}
	}
}

// PERK's questions about students must be among ours, word for word but for the ids.
func TestStudentsLikeSample(t *testing.T) {
	id := regexp.MustCompile(`\d{7}`)
	for name, file := range map[string]string{"student-recall": "recall.json", "student-relation": "relation.json", "student-aggregate": "allgregation.json"} {
		var sample struct {
			Database  []map[string]string
			Questions []json.RawMessage // the last says "..."
		}
		readSample(t, &sample, "student_records", file)
		ours := map[string]bool{}
		for seed := range uint64(4) {
			ep := draw(t, name, seed, options(2048, task.Train))
			for _, q := range ep.Questions {
				ours[id.ReplaceAllString(q.Question, "ID")] = true
			}
			if seed == 0 {
				for label := range sample.Database[0] {
					if !strings.Contains(ep.Text, label+": ") {
						t.Errorf("%s: our records have no %q", name, label)
					}
				}
			}
		}
		for _, raw := range sample.Questions {
			var q struct{ Question string }
			if json.Unmarshal(raw, &q) == nil && !ours[id.ReplaceAllString(q.Question, "ID")] {
				t.Errorf("%s: PERK asks %q, we do not", name, q.Question)
			}
		}
	}
}
