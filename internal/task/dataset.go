package task

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/perkdb/perk"
)

// maxAsked is the most questions about a document of a data set.
const maxAsked = 48

// paragraph is a part of a document that is never cut, and the questions that it answers.
type paragraph struct {
	text      string
	questions []QA
}

// collection is a task over a data set: its documents are whole paragraphs as they are walked.
type collection struct {
	name  string
	walk  func(rng *rand.Rand, s Split) iter.Seq[*paragraph]
	must  int  // so many paragraphs, the first of a walk, must be in the document
	mixed bool // the order of the paragraphs does not matter and is drawn
}

func (c collection) Name() string { return c.name }

// Episode takes paragraphs while they fit.
func (c collection) Episode(rng *rand.Rand, o Options) (Episode, error) {
	if err := o.valid(false); err != nil {
		return Episode{}, err
	}
	return o.placed(func() (Episode, error) { return c.draw(rng, o) })
}

func (c collection) draw(rng *rand.Rand, o Options) (Episode, error) {
	const tries = 50
	ep := Episode{Task: c.name, ID: fmt.Sprintf("%s-%016x", c.name, rng.Uint64())}
	for range tries {
		taken := c.pack(rng, o)
		if ep.Questions = c.questions(rng, taken); len(ep.Questions) == 0 {
			continue
		}
		if c.mixed {
			shuffle(rng, taken)
		}
		if o.NoSupport {
			direct(ep.Questions)
		}
		if ep.Text = text(taken); o.Count(ep.Text) > o.Tokens { // a Count that does not add up
			continue
		}
		return ep, nil
	}
	return Episode{}, perk.Errorf(perk.EInvalid, "task.Episode", "none of %d documents of %s fits into %d tokens with its questions", tries, c.name, o.Tokens).
		WithHint("ask for longer documents")
}

// pack takes paragraphs that fit; what is too long is passed over, and after some of these the document is full.
func (c collection) pack(rng *rand.Rand, o Options) []*paragraph {
	const most = 8
	var taken []*paragraph
	left, passed := o.Tokens, 0
	for p := range c.walk(rng, o.Split) {
		n := o.Count("\n\n" + p.text)
		if n <= left {
			taken = append(taken, p)
			left -= n
			continue
		}
		if passed++; len(taken) < c.must || passed == most {
			break
		}
	}
	if len(taken) < c.must {
		return nil
	}
	return taken
}

// questions draws from what the paragraphs answer. A question that two paragraphs answer differently is left out.
func (c collection) questions(rng *rand.Rand, taken []*paragraph) []QA {
	var all []QA
	first := map[string]string{}
	unsure := map[string]bool{}
	for _, p := range taken {
		for _, q := range p.questions {
			if was, ok := first[q.Question]; ok {
				unsure[q.Question] = unsure[q.Question] || was != q.Answers[0]
				continue
			}
			first[q.Question] = q.Answers[0]
			all = append(all, q)
		}
	}
	shuffle(rng, all)
	var out []QA
	for _, q := range all {
		if !unsure[q.Question] && len(out) < maxAsked {
			out = append(out, q)
		}
	}
	return out
}

// direct leaves out the support of what one look-up answers.
func direct(questions []QA) {
	for i := range questions {
		if len(questions[i].Support) == 1 {
			questions[i].Support = nil
		}
	}
}

func text(taken []*paragraph) string {
	parts := make([]string, len(taken))
	for i, p := range taken {
		parts[i] = p.text
	}
	return strings.Join(parts, "\n\n")
}
