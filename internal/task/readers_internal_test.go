package task

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestReadAPI(t *testing.T) {
	call, text, err := readAPI([]byte(`{"domain": "Text", "api_name": "a/b", "api_call": "M.load('a/b')", "api_arguments": ["x", 2], "env": null,
		"example_code": "import m\nm.go(\"x\")", "performance": {"dataset": "N/A", "accuracy": {"top": 0.5}}, "description": "Good."}`))
	want := `<api>M.load('a/b')</api> domain: Text, api_name: a/b, api_arguments: [x, 2], env: , example_code: import m\nm.go(x), ` +
		`performance: dataset: N/A, accuracy: top: 0.5, description: Good.`
	if err != nil || call != "M.load('a/b')" || text != want {
		t.Errorf("%q %v\n%s\nwant\n%s", call, err, text, want)
	}
}

// An entry that PERK's sample has too must come out letter for letter.
func TestReadAPILikeSample(t *testing.T) {
	dir := os.Getenv("PERK_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	sample, err := os.ReadFile(filepath.Join(dir, "perk-samples", "longgorilla", "huggingface_api.json"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("test data is absent: %v; set PERK_DATA", err)
	}
	const row = `{"domain": "Natural Language Processing Feature Extraction", "framework": "Hugging Face Transformers", "functionality": "Feature Extraction", ` +
		`"api_name": "YituTech/conv-bert-base", "api_call": "AutoModel.from_pretrained('YituTech/conv-bert-base')", "api_arguments": "N/A", ` +
		`"python_environment_requirements": "transformers", "example_code": "N/A", "performance": {"dataset": "N/A", "accuracy": "N/A"}, ` +
		`"description": "A pre-trained ConvBERT model for feature extraction provided by YituTech, based on the Hugging Face Transformers library."}`
	_, text, err := readAPI([]byte(row))
	if err != nil || !strings.Contains(string(sample), `"`+text+`"`) {
		t.Errorf("error %v; not in PERK's sample:\n%s", err, text)
	}
}

func TestReadInstruction(t *testing.T) {
	for code, want := range map[string]string{
		`###Instruction: Find a tool.\n###Output: <<<domain>>>`: "Find a tool.",
		`###Instruction: Find a tool.###Output: x`:              "Find a tool.",
		`{'Instruction': I need it., 'Output': {'domain': 'x'}`: "I need it.",
		`{'Instruction': \"I need it.\", 'Output': {}`:          "I need it.",
		`nothing of the kind`:                                   "",
	} {
		call, got, err := readInstruction([]byte(`{"code": "` + code + `", "api_call": "f()"}`))
		if err != nil || call != "f()" || got != want {
			t.Errorf("%q: %q %q %v", code, call, got, err)
		}
	}
}

func TestReadPuzzle(t *testing.T) {
	const row = `{"id": "1", "question": "Who?", "answer": "Ann", "supporting_facts": {"title": ["A", "B"], "sent_id": [1, 0]}, "paragraphs": [
		{"title": "C", "text": "See.", "is_gold": false}, {"title": "A", "text": "One.  Two.", "is_gold": true}, {"title": "B", "text": "Ann did.", "is_gold": true}]}`
	p, err := readPuzzle([]byte(row))
	if err != nil || len(p.gold) != 2 || len(p.other) != 1 || p.gold[0].text != "A\nOne. Two." {
		t.Fatalf("%+v, %v", p, err)
	}
	want := []QA{{Question: "Who?", Answers: []string{"Ann"}, Support: []Fact{{Text: "Two."}, {Text: "Ann did."}}, About: []string{"A", "B"}, Form: "hotpotqa"}}
	if diff := cmp.Diff(want, p.gold[0].questions); diff != "" {
		t.Error(diff)
	}
	p, err = readPuzzle([]byte(strings.Replace(row, "[1, 0]", "[7, 0]", 1)))
	if err != nil || p.gold[0].questions[0].Support != nil {
		t.Errorf("a sentence that is not there: %+v, %v", p.gold[0].questions, err)
	}
}

func FuzzReadSquad(f *testing.F) {
	f.Add(`{"version": "1", "data": [{"title": "a", "paragraphs": [{"context": "b c.", "qas": [{"question": "d", "answers": [{"text": "c"}]}]}]}], "x": 1}`)
	f.Add(`{"data": [{}], "data": []}`)
	f.Add(`{"data": {}}`)
	f.Fuzz(func(t *testing.T, in string) {
		all, err := readSquad(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, a := range all {
			for _, p := range a.paragraphs {
				for _, q := range p.questions {
					if !strings.Contains(p.text, q.Answers[0]) || len(q.Support) > 0 && !strings.Contains(p.text, q.Support[0].Text) {
						t.Errorf("%+v does not rest on %q", q, p.text)
					}
				}
			}
		}
	})
}

func FuzzReadLines(f *testing.F) {
	f.Add(`{"id": "1", "question": "Who?", "answer": "Ann", "supporting_facts": {"title": ["A"], "sent_id": [0]}, "paragraphs": [{"title": "A", "text": "x", "is_gold": true}]}`)
	f.Add(`{"code": "###Instruction: a", "api_call": "f()", "api_arguments": [[], {}, null, 1e999]}`)
	f.Add("{}\n\n[]")
	f.Fuzz(func(t *testing.T, in string) {
		_ = eachLine(strings.NewReader(in), func(line []byte) error {
			if p, err := readPuzzle(line); err == nil && p.gold != nil && (len(p.gold) != 2 || len(p.gold[0].questions) != 1) {
				t.Errorf("%q gives %+v", line, p)
			}
			if _, text, err := readAPI(line); err == nil && !utf8.ValidString(text) {
				t.Errorf("%q gives invalid UTF-8", line)
			}
			if _, text, err := readInstruction(line); err == nil && strings.Contains(text, "\n") {
				t.Errorf("%q gives an instruction of two lines", line)
			}
			return nil
		})
	})
}
