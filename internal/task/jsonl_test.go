package task_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/task"
)

const goodLine = `{"id": "a", "text": "T", "questions": [{"question": "Q?", "answer": "A"}]}`

func TestReadJSONL(t *testing.T) {
	got, err := task.ReadJSONL(strings.NewReader("\xef\xbb\xbf" + goodLine + "\r\n\n" +
		`{"id":"b","text":"U","note":1,"questions":[{"question":"R?","answer":["x","y"]},{"question":"S?","answer":"z"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []task.Episode{
		{ID: "a", Task: "docs", Text: "T", Questions: []task.QA{{Question: "Q?", Answers: []string{"A"}, Form: "docs"}}},
		{ID: "b", Task: "docs", Text: "U", Questions: []task.QA{{Question: "R?", Answers: []string{"x", "y"}, Form: "docs"}, {Question: "S?", Answers: []string{"z"}, Form: "docs"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadJSONLErrors(t *testing.T) {
	for _, c := range []struct{ what, in, want string }{
		{"empty", "\n \n", "no document"},
		{"no JSON", goodLine + "\nhello", "line 2"},
		{"cut", `{"id": "a", "te`, "line 1"},
		{"two objects", goodLine + goodLine, "line 1"},
		{"no id", `{"text":"T","questions":[{"question":"Q","answer":"A"}]}`, `line 1: "id"`},
		{"no text", `{"id":"a","text":" ","questions":[{"question":"Q","answer":"A"}]}`, `line 1: "text"`},
		{"no questions", `{"id":"a","text":"T"}`, `line 1: "questions"`},
		{"no question", `{"id":"a","text":"T","questions":[{"answer":"A"}]}`, `"question" 1`},
		{"no answer", `{"id":"a","text":"T","questions":[{"question":"Q"}]}`, `"answer" of question 1`},
		{"number", `{"id":"a","text":"T","questions":[{"question":"Q","answer":7}]}`, "string or a list"},
		{"same id", goodLine + "\n\n" + goodLine, `line 3: id "a" was used on line 1`},
		{"bad UTF-8", "{\"id\":\"a\",\"text\":\"\xff\",\"questions\":[{\"question\":\"Q\",\"answer\":\"A\"}]}", "line 1: not valid UTF-8"},
	} {
		_, err := task.ReadJSONL(strings.NewReader(c.in))
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want EInvalid with %q", c.what, err, c.want)
		}
	}
}

func TestReadJSONLHugeLines(t *testing.T) {
	text := strings.Repeat("word ", 1_000_000) // 5 MB
	got, err := task.ReadJSONL(strings.NewReader(strings.Replace(goodLine, `"T"`, `"`+text+`"`, 1)))
	if err != nil || len(got) != 1 || got[0].Text != text {
		t.Errorf("5 MB: %d documents, error %v", len(got), err)
	}
	if testing.Short() {
		return
	}
	_, err = task.ReadJSONL(strings.NewReader(goodLine + "\n" + strings.Repeat("x", task.MaxLine+1)))
	if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "line 2 is longer") {
		t.Errorf("over-long line: error %v", err)
	}
}

func FuzzReadJSONL(f *testing.F) {
	f.Add(goodLine)
	f.Add(`{"id":"b","text":"U","questions":[{"question":"R?","answer":["x"]}]}` + "\n" + goodLine)
	f.Add("{}\n[]")
	f.Add(`{"id":1e999}`)
	f.Fuzz(func(t *testing.T, in string) {
		got, err := task.ReadJSONL(strings.NewReader(in))
		if err != nil {
			if perk.ErrorCode(err) != perk.EInvalid {
				t.Errorf("error %v is not EInvalid", err)
			}
			return
		}
		if len(got) == 0 {
			t.Error("neither documents nor an error")
		}
		for _, ep := range got {
			if ep.ID == "" || ep.Text == "" || len(ep.Questions) == 0 {
				t.Errorf("incomplete episode %+v", ep)
			}
			for _, q := range ep.Questions {
				if q.Question == "" || len(q.Answers) == 0 {
					t.Errorf("incomplete question %+v", q)
				}
			}
		}
	})
}
