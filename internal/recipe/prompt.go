package recipe

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// Tokenizer is what writing and asking need of a tokenizer. Encode never yields special tokens from text.
type Tokenizer interface {
	Encode(text string) []int32
	Decode(tokens []int32) string
	Count(text string) int // of the tokens that Encode gives
	VocabSize() int        // one more than the largest id
	// Special gives the id of a special token such as "<eos>".
	Special(name string) (id int32, ok bool)
	json.Marshaler // its bytes are part of the base model's identity
}

// Specials are the marks of documents, questions and answers in a base model's vocabulary. perk's own tokenizers have a special token for each. Published
// vocabularies have tokens for the beginning and the end of a text, at most: chunks and questions begin with the first of these, and the other marks are spelt out
// as text, as PERK's authors do.
type Specials struct {
	EOS int32 // ends an answer
	Doc int32 // begins a chunk of a document
	Rev int32 // begins a chunk whose tokens are in reverse order; None where the vocabulary has no token for it
	Ask int32 // begins a question

	SupportOpen, SupportClose Mark
	OutputOpen, OutputClose   Mark
	Fact                      Mark // begins a support fact; as text, it stands between two
	Reversed                  Mark // begins a support fact whose tokens are in reverse order; nil: there are none
	Absent                    Mark // ends a probe, and answers a question that the document does not answer; nil: there are none
	Match                     Mark // ends a fact that is what was looked for; nil: there are none
}

// Mark is the tokens that a mark is spelt with.
type Mark []int32

// None stands for a token that a vocabulary lacks.
const None int32 = -1

// Names of the tokens that a tokenizer tells by Special. Every one has those for EOS and Doc.
const (
	eosName = "<eos>"
	docName = "<doc>"
	revName = "<rev>"
	askName = "<ask>"
)

// NewSpecials looks the marks up. Errors: EInvalid naming the token that the tokenizer lacks.
func NewSpecials(tok Tokenizer) (Specials, error) {
	s := Specials{Rev: None}
	for _, e := range []struct {
		name string
		id   *int32
	}{{eosName, &s.EOS}, {docName, &s.Doc}} {
		id, ok := tok.Special(e.name)
		if !ok {
			return s, perk.Errorf(perk.EInvalid, "recipe.NewSpecials", "the tokenizer has no special token %s", e.name).
				WithHint("use a base model that `perk train` made or `perk model` took in")
		}
		*e.id = id
	}
	ask, ok := tok.Special(askName)
	if !ok {
		s.Ask = s.Doc
		s.SupportOpen, s.SupportClose, s.Fact = tok.Encode("<support>"), tok.Encode("</support>\n"), tok.Encode("\n")
		s.OutputOpen, s.OutputClose = tok.Encode("<output>"), tok.Encode("</output>")
		return s, nil
	}
	s.Ask = ask
	for _, e := range []struct {
		name string
		mark *Mark
	}{{"<support>", &s.SupportOpen}, {"</support>", &s.SupportClose}, {"<output>", &s.OutputOpen}, {"</output>", &s.OutputClose}, {docName, &s.Fact},
		{revName, &s.Reversed}, {askName, &s.Absent}, {"<support>", &s.Match}} {
		id, ok := tok.Special(e.name)
		if !ok {
			return s, perk.Errorf(perk.EInvalid, "recipe.NewSpecials", "the tokenizer has a special token %s and none %s", askName, e.name).
				WithHint("use the tokenizer that `perk train` wrote with the model")
		}
		*e.mark = Mark{id}
	}
	s.Rev = s.Reversed[0]
	return s, nil
}

// EndsFact reports whether a token inside a support is one of the marks that end a fact.
func (s Specials) EndsFact(token int32) bool {
	return slices.Contains(s.Fact, token) || slices.Contains(s.Match, token) || slices.Contains(s.Reversed, token) || slices.Contains(s.SupportClose, token)
}

// Prompt lays out question and answer as meta-training saw them: <ask> + Before + question + After, then the answer.
type Prompt struct {
	Before string `json:"before"` // text between <ask> and the question
	After  string `json:"after"`  // text after the question
}

// DefaultPrompt asks "<ask>{question}\nAnswer:".
func DefaultPrompt() Prompt { return Prompt{After: "\nAnswer:"} }

// TextPrompt asks as PERK's authors do, for base models that were not trained with marks of ours.
func TextPrompt() Prompt {
	return Prompt{Before: "You have memorized 1 documents.\n", After: "\nAnswer:"}
}

// Prompt gives the layout to train with: that of PERK's authors where marks are text.
func (s Specials) Prompt() Prompt {
	if s.Reversed == nil {
		return TextPrompt()
	}
	return DefaultPrompt()
}

// Question gives the tokens that the model is asked with.
func (p Prompt) Question(tok Tokenizer, s Specials, question string) []int32 {
	return append([]int32{s.Ask}, tok.Encode(p.Before+question+p.After)...)
}

// Fact is a piece of the document that the model recalls before it answers. A reversed fact is spelt backwards token by token,
// so that a model that predicts forwards can walk from a fact's end to its beginning.
type Fact struct {
	Text     string
	Reversed bool
	Absent   bool // a probe: the document holds no such text
	Match    bool // its end is what was looked for: the value recalled before it, or the one that the question names
}

// Answer gives the tokens that the model is trained to answer with: those of Support, and
//
//	<output> answer </output> <eos>
//
// The answer is tokenised behind the space that it has inside a document, so that it is the same tokens there and here.
func (p Prompt) Answer(tok Tokenizer, s Specials, answer string, support ...Fact) []int32 {
	return slices.Concat(p.Support(tok, s, support...), s.OutputOpen, tok.Encode(" "+answer), s.OutputClose, []int32{s.EOS})
}

// Nothing gives the answer to a question that the document does not answer, <output> <ask> </output> <eos>; nil where there is no such mark.
func (p Prompt) Nothing(s Specials) []int32 {
	if s.Absent == nil {
		return nil
	}
	return slices.Concat(s.OutputOpen, s.Absent, s.OutputClose, []int32{s.EOS})
}

// Support gives the tokens that recall facts before an answer, none where there are no facts:
//
//	<support> (<doc> fact | <rev> tcaf)... </support>
//
// An absent fact ends with <ask>, one that matches with <support>. Where marks are text, facts stand on lines of their own and in reading order, and absent ones are left out. Facts are
// tokenised as answers are, but for one that begins with a comma.
func (p Prompt) Support(tok Tokenizer, s Specials, support ...Fact) []int32 {
	var out []int32
	for _, f := range support {
		if f.Absent && s.Absent == nil {
			continue
		}
		text := f.Text
		if !strings.HasPrefix(text, ",") {
			text = " " + text
		}
		t, mark := tok.Encode(text), s.Fact
		if f.Reversed && s.Reversed != nil {
			t, mark = slices.Clone(t), s.Reversed
			slices.Reverse(t)
		}
		switch {
		case len(out) > 0:
			out = append(out, mark...)
		case s.Reversed != nil:
			out = append(append(out, s.SupportOpen...), mark...)
		default: // text between two facts does not stand before the first
			out = append(out, s.SupportOpen...)
		}
		out = append(out, t...)
		switch {
		case f.Absent:
			out = append(out, s.Absent...)
		case f.Match:
			out = append(out, s.Match...)
		}
	}
	if len(out) > 0 {
		out = append(out, s.SupportClose...)
	}
	return out
}
