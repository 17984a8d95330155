package task

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/perkdb/perk"
)

// MaxLine is the longest line that ReadJSONL takes, in bytes.
const MaxLine = 64 << 20

// answers is a string or a list of strings.
type answers []string

func (a *answers) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = answers{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return errors.New(`"answer" must be a string or a list of strings`)
	}
	*a = many
	return nil
}

type jsonDoc struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	Questions []struct {
		Question string  `json:"question"`
		Answer   answers `json:"answer"`
	} `json:"questions"`
}

// ReadJSONL reads documents with questions, one JSON object a line:
//
//	{"id": "...", "text": "...", "questions": [{"question": "...", "answer": "..." or ["...", "..."]}]}
//
// Empty lines are skipped, other members of an object ignored. The episodes have Task "docs" and questions of Form "docs". Errors: EInvalid,
// naming the line; the reader's own.
func ReadJSONL(r io.Reader) ([]Episode, error) {
	const op = "task.ReadJSONL"
	var out []Episode
	firstLine := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxLine)
	n := 0
	for lines.Scan() {
		n++
		line := lines.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		ep, err := parseDoc(line)
		if err != nil {
			return nil, perk.Errorf(perk.EInvalid, op, "line %d: %w", n, err).
				WithHint(`each line must be {"id", "text", "questions": [{"question", "answer"}]}`)
		}
		if before, dup := firstLine[ep.ID]; dup {
			return nil, perk.Errorf(perk.EInvalid, op, "line %d: id %q was used on line %d", n, ep.ID, before).WithHint("give every document its own id")
		}
		firstLine[ep.ID] = n
		out = append(out, ep)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, perk.Errorf(perk.EInvalid, op, "line %d is longer than %d bytes", n+1, MaxLine).WithHint("put each document on its own line, and split a longer one")
	} else if err != nil {
		return nil, perk.E(perk.EUnavailable, op, err)
	}
	if len(out) == 0 {
		return nil, perk.Errorf(perk.EInvalid, op, "there is no document").WithHint("write one JSON object a line")
	}
	return out, nil
}

// parseDoc reads one line.
func parseDoc(line []byte) (Episode, error) {
	var d jsonDoc
	// encoding/json would replace bad bytes silently, and the document would not be what its owner wrote.
	if !utf8.Valid(line) {
		return Episode{}, errors.New("not valid UTF-8")
	}
	if err := json.Unmarshal(line, &d); err != nil {
		return Episode{}, err
	}
	switch {
	case d.ID == "":
		return Episode{}, errors.New(`"id" is missing or empty`)
	case strings.TrimSpace(d.Text) == "":
		return Episode{}, errors.New(`"text" is missing or empty`)
	case len(d.Questions) == 0:
		return Episode{}, errors.New(`"questions" is missing or empty`)
	}
	ep := Episode{ID: d.ID, Task: "docs", Text: d.Text}
	for i, q := range d.Questions {
		if strings.TrimSpace(q.Question) == "" {
			return Episode{}, perk.Errorf(perk.EInvalid, "question", `"question" %d is missing or empty`, i+1)
		}
		if len(q.Answer) == 0 {
			return Episode{}, perk.Errorf(perk.EInvalid, "question", `"answer" of question %d is missing or empty`, i+1)
		}
		ep.Questions = append(ep.Questions, QA{Question: q.Question, Answers: q.Answer, Form: "docs"})
	}
	return ep, nil
}
