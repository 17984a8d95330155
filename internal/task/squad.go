package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
)

const squadFile = "squad/train-v1.1.json.gz"

// maxSupport is the longest sentence, in bytes, that is quoted for an answer of a data set.
const maxSupport = 300

type article struct {
	title      string
	paragraphs []*paragraph
}

// squad opens SQuAD: a document is an article from a random paragraph on, and further articles where it is too short. Articles are split by title.
func (l Library) squad() (Task, error) {
	var articles [2][]article
	err := l.read(squadFile, func(r io.Reader) error {
		all, err := readSquad(r)
		for _, a := range all {
			s := splitOf(a.title)
			articles[s] = append(articles[s], a)
		}
		return errors.Join(err, both(len(articles[Train]), len(articles[Eval])))
	})
	if err != nil {
		return nil, err
	}
	return collection{name: "squad", must: 1, walk: func(rng *rand.Rand, s Split) iter.Seq[*paragraph] {
		return func(yield func(*paragraph) bool) {
			for n, i := range rng.Perm(len(articles[s])) {
				list := articles[s][i].paragraphs
				if n == 0 {
					list = list[rng.IntN(len(list)):]
				}
				for _, p := range list {
					if !yield(p) {
						return
					}
				}
			}
		}
	}}, nil
}

// both refuses data that leave a split empty.
func both(train, eval int) error {
	if train == 0 || eval == 0 {
		return fmt.Errorf("too little data: %d documents for training, %d for evaluation", train, eval)
	}
	return nil
}

// readSquad reads SQuAD's JSON one article at a time. Articles without a question are left out.
func readSquad(r io.Reader) ([]article, error) {
	d := json.NewDecoder(r)
	if err := expect(d, '{'); err != nil {
		return nil, err
	}
	var out []article
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		if key != "data" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return nil, err
			}
			continue
		}
		if err := expect(d, '['); err != nil {
			return nil, err
		}
		for d.More() {
			a, err := readArticle(d)
			if err != nil {
				return nil, err
			}
			if len(a.paragraphs) > 0 {
				out = append(out, a)
			}
		}
		if err := expect(d, ']'); err != nil {
			return nil, err
		}
	}
	return out, expect(d, '}')
}

func expect(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = fmt.Errorf("%v stands where %v should", got, want)
	}
	return err
}

func readArticle(d *json.Decoder) (article, error) {
	var in struct {
		Title      string
		Paragraphs []struct {
			Context string
			QAs     []struct {
				Question string
				Answers  []struct{ Text string }
			}
		}
	}
	if err := d.Decode(&in); err != nil {
		return article{}, err
	}
	a := article{title: in.Title}
	asked := false
	for _, p := range in.Paragraphs {
		one := &paragraph{text: strings.TrimSpace(p.Context)}
		for _, q := range p.QAs {
			var answers []string
			for _, x := range q.Answers {
				if x.Text != "" && !slices.Contains(answers, x.Text) && strings.Contains(one.text, x.Text) {
					answers = append(answers, x.Text)
				}
			}
			if question := strings.TrimSpace(q.Question); question != "" && len(answers) > 0 {
				one.questions = append(one.questions, QA{
					Question: question, Answers: answers, Support: sentenceOf(one.text, answers[0]), About: answers[:1], Form: "squad",
				})
			}
		}
		if one.text != "" {
			a.paragraphs = append(a.paragraphs, one)
			asked = asked || len(one.questions) > 0
		}
	}
	if !asked {
		a.paragraphs = nil
	}
	return a, nil
}

// sentenceOf gives the sentence of an answer that a paragraph has once, if it is not long: an answer that stands at several places
// does not say which sentence is meant.
func sentenceOf(text, answer string) []Fact {
	if strings.Count(text, answer) != 1 {
		return nil
	}
	for len(text) > 0 {
		n := sentence(text)
		if s := strings.TrimSpace(text[:n]); strings.Contains(s, answer) && len(s) <= maxSupport {
			return []Fact{{Text: s}}
		}
		text = text[n:]
	}
	return nil
}
