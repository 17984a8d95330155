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
	// Special gives the id of a special token such as "<eos>".
	Special(name string) (id int32, ok bool)
	json.Marshaler // its bytes are part of the base model's identity
}

// Specials are the ids of the special tokens of a base model.
type Specials struct {
	EOS          int32 // ends an answer
	Doc          int32 // begins a chunk of a document, or a support fact, in reading order
	Rev          int32 // begins a chunk or support fact whose tokens are in reverse order
	Ask          int32 // begins a question
	SupportOpen  int32
	SupportClose int32
	OutputOpen   int32
	OutputClose  int32
}

// NewSpecials looks the special tokens up. Errors: EInvalid naming the token that the tokenizer lacks.
func NewSpecials(tok Tokenizer) (Specials, error) {
	var s Specials
	for _, e := range []struct {
		name string
		id   *int32
	}{
		{"<eos>", &s.EOS}, {"<doc>", &s.Doc}, {"<rev>", &s.Rev}, {"<ask>", &s.Ask},
		{"<support>", &s.SupportOpen}, {"</support>", &s.SupportClose}, {"<output>", &s.OutputOpen}, {"</output>", &s.OutputClose},
	} {
		id, ok := tok.Special(e.name)
		if !ok {
			return s, perk.Errorf(perk.EInvalid, "recipe.NewSpecials", "the tokenizer has no special token %s", e.name).
				WithHint("use a base model that perk train made")
		}
		*e.id = id
	}
	return s, nil
}

// Prompt lays out question and answer as meta-training saw them: <ask> + Before + question + After, then the answer.
type Prompt struct {
	Before string `json:"before"` // text between <ask> and the question
	After  string `json:"after"`  // text after the question
}

// DefaultPrompt asks "<ask>{question}\nAnswer:".
func DefaultPrompt() Prompt { return Prompt{After: "\nAnswer:"} }

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
}

// Answer gives the tokens that the model is trained to answer with:
//
//	[<support> (<doc> fact | <rev> tcaf)... </support>] <output> answer </output> <eos>
//
// The support part is left out when there are no facts; an absent fact ends with <ask>. Facts and answer are tokenised behind the space that they have
// inside a document (but for a fact that begins with a comma), so that they are the same tokens there and here.
func (p Prompt) Answer(tok Tokenizer, s Specials, answer string, support ...Fact) []int32 {
	var out []int32
	if len(support) > 0 {
		out = append(out, s.SupportOpen)
		for _, f := range support {
			text := f.Text
			if !strings.HasPrefix(text, ",") {
				text = " " + text
			}
			t := tok.Encode(text)
			if f.Reversed {
				t = slices.Clone(t)
				slices.Reverse(t)
				out = append(append(out, s.Rev), t...)
			} else {
				out = append(append(out, s.Doc), t...)
			}
			if f.Absent {
				out = append(out, s.Ask)
			}
		}
		out = append(out, s.SupportClose)
	}
	out = append(append(out, s.OutputOpen), tok.Encode(" "+answer)...)
	return append(out, s.OutputClose, s.EOS)
}
