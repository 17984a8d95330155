package bpe

import (
	"fmt"
	"slices"
)

// stage is a normaliser, pre-tokeniser, post-processor or decoder of the file.
type stage struct {
	Type             string   `json:"type"`
	Normalizers      []stage  `json:"normalizers,omitempty"`
	Pretokenizers    []stage  `json:"pretokenizers,omitempty"`
	Processors       []stage  `json:"processors,omitempty"`
	Decoders         []stage  `json:"decoders,omitempty"`
	Pattern          *pattern `json:"pattern,omitempty"`
	Behavior         string   `json:"behavior,omitempty"`
	Invert           bool     `json:"invert"`
	IndividualDigits bool     `json:"individual_digits,omitempty"`
	AddPrefixSpace   bool     `json:"add_prefix_space"`
	TrimOffsets      bool     `json:"trim_offsets"`
	UseRegex         *bool    `json:"use_regex,omitempty"` // nil is true
	Prepend          string   `json:"prepend,omitempty"`
	Content          string   `json:"content,omitempty"`
	Start            *int     `json:"start,omitempty"`
	Stop             *int     `json:"stop,omitempty"`
	Replacement      string   `json:"replacement,omitempty"`
	Scheme           string   `json:"prepend_scheme,omitempty"`
	Split            *bool    `json:"split,omitempty"` // nil is true
}

type pattern struct {
	Regex  string `json:"Regex,omitempty"`
	String string `json:"String,omitempty"`
}

// The regular expressions by which pre-tokenisers are told.
const (
	classicRegex = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	qwen2Regex   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	llama3Regex  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// String names a stage for messages.
func (s *stage) String() string {
	if s == nil {
		return "none"
	}
	return fmt.Sprintf("%q", s.Type)
}

// flat gives the stages of a sequence, or the stage itself, or none.
func (s *stage) flat() []stage {
	switch {
	case s == nil:
		return nil
	case s.Type == "Sequence":
		return slices.Concat(s.Normalizers, s.Pretokenizers, s.Processors, s.Decoders)
	}
	return []stage{*s}
}

// nfc says whether a normaliser is NFC or does nothing; others are errors.
func (s *stage) nfc() (bool, error) {
	is := false
	for _, n := range s.flat() {
		if n.Type != "NFC" {
			return false, fmt.Errorf("normalizer %q is not known", n.Type)
		}
		is = true
	}
	return is, nil
}

// pretokenizer tells the pre-tokeniser: whatever comes first, then ByteLevel, which cuts, too, where it uses its regex.
func (s *stage) pretokenizer() (Pretokenizer, error) {
	stages := s.flat()
	if len(stages) == 0 || stages[len(stages)-1].Type != "ByteLevel" {
		return "", fmt.Errorf("pre-tokenizer %s does not end in ByteLevel", s)
	}
	last := stages[len(stages)-1]
	if last.AddPrefixSpace {
		return "", fmt.Errorf("pre-tokenizer ByteLevel: add_prefix_space is not supported")
	}
	cuts := last.UseRegex == nil || *last.UseRegex
	if len(stages) == 1 && cuts {
		return GPT2, nil
	}
	if len(stages) != 2 {
		return "", fmt.Errorf("pre-tokenizer of %d stages is not known", len(stages))
	}
	switch first := stages[0]; {
	case first.Type == "Digits" && first.IndividualDigits && cuts:
		return SmolLM, nil
	case first.Type == "Split" && first.Pattern != nil && first.Behavior == "Isolated" && !first.Invert && !cuts:
		switch first.Pattern.Regex {
		case classicRegex:
			return GPT2, nil
		case qwen2Regex:
			return Qwen2, nil
		case llama3Regex:
			return Llama3, nil
		}
		return "", fmt.Errorf("pre-tokenizer Split by the regular expression %.200q is not known", first.Pattern.Regex)
	default:
		return "", fmt.Errorf("pre-tokenizer %q before ByteLevel is not known, or not with these settings", first.Type)
	}
}

func byteLevel(cuts bool) *stage { return &stage{Type: "ByteLevel", UseRegex: &cuts} }

// stage gives the file's form of a pre-tokeniser.
func (p Pretokenizer) stage() *stage {
	first := stage{Type: "Split", Behavior: "Isolated"}
	switch p {
	case GPT2:
		return byteLevel(true)
	case SmolLM:
		first = stage{Type: "Digits", IndividualDigits: true}
	case Qwen2:
		first.Pattern = &pattern{Regex: qwen2Regex}
	case Llama3:
		first.Pattern = &pattern{Regex: llama3Regex}
	}
	return &stage{Type: "Sequence", Pretokenizers: []stage{first, *byteLevel(p == SmolLM)}}
}
