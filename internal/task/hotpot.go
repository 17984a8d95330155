package task

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
)

const hotpotFile = "hotpotqa/train-distractor-500.jsonl.gz"

// maxRow is the longest line of a data set, in bytes.
const maxRow = 8 << 20

// puzzle is a HotpotQA question: the paragraphs that answer it, the first with the question, and those that only look as if.
type puzzle struct {
	id          string
	gold, other []*paragraph
}

// hotpot opens HotpotQA: a document is the ten paragraphs of a question in random order, fewer or (of other questions) more as its length asks.
func (l Library) hotpot() (Task, error) {
	var puzzles [2][]puzzle
	err := l.read(hotpotFile, func(r io.Reader) error {
		err := eachLine(r, func(line []byte) error {
			p, err := readPuzzle(line)
			if err == nil && p.gold != nil {
				s := splitOf(p.id)
				puzzles[s] = append(puzzles[s], p)
			}
			return err
		})
		return errors.Join(err, both(len(puzzles[Train]), len(puzzles[Eval])))
	})
	if err != nil {
		return nil, err
	}
	return collection{name: "hotpotqa", must: 2, mixed: true, walk: func(rng *rand.Rand, s Split) iter.Seq[*paragraph] {
		return func(yield func(*paragraph) bool) {
			seen := map[string]bool{}
			for n, i := range rng.Perm(len(puzzles[s])) {
				p := puzzles[s][i]
				list := slices.Concat(p.gold, p.other)
				if n > 0 {
					list = p.other // the gold ones would bring their question
				}
				for _, x := range list {
					if !seen[x.text] && !yield(x) {
						return
					}
					seen[x.text] = true
				}
			}
		}
	}}, nil
}

// eachLine reads JSON lines; empty ones are skipped.
func eachLine(r io.Reader, read func(line []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRow)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := read(lines.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

// readPuzzle reads one line. It gives no gold paragraphs where the line does not have two of them and an answer. The support is left out where a supporting
// sentence is not in its paragraph.
func readPuzzle(line []byte) (puzzle, error) {
	var in struct {
		ID, Question, Answer string
		Paragraphs           []struct {
			Title, Text string
			Gold        bool `json:"is_gold"`
		}
		Facts struct {
			Title    []string
			Sentence []int `json:"sent_id"`
		} `json:"supporting_facts"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return puzzle{}, err
	}
	out := puzzle{id: in.ID}
	sentences := map[string][]string{}
	var titles []string
	for _, p := range in.Paragraphs {
		if strings.TrimSpace(p.Text) == "" {
			continue
		}
		// Two spaces stand between the sentences of this data set.
		sentences[p.Title] = strings.Split(p.Text, "  ")
		one := &paragraph{text: p.Title + "\n" + strings.Join(sentences[p.Title], " ")}
		if p.Gold {
			out.gold = append(out.gold, one)
			titles = append(titles, p.Title)
		} else {
			out.other = append(out.other, one)
		}
	}
	if len(out.gold) != 2 || in.Question == "" || in.Answer == "" || in.ID == "" {
		return puzzle{}, nil
	}
	q := QA{Question: in.Question, Answers: []string{in.Answer}, About: titles, Form: "hotpotqa"}
	for i, title := range in.Facts.Title {
		if i >= len(in.Facts.Sentence) || in.Facts.Sentence[i] < 0 || in.Facts.Sentence[i] >= len(sentences[title]) {
			q.Support = nil
			break
		}
		q.Support = append(q.Support, Fact{Text: strings.TrimSpace(sentences[title][in.Facts.Sentence[i]])})
	}
	out.gold[0].questions = []QA{q}
	return out, nil
}
