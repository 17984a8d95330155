package bpe

import (
	"encoding/json"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/pieces"
)

// Text is a tokenizer with the ids between which a model expects a text: published tokenizers have tokens for these, but do not say which.
type Text struct {
	*Tokenizer
	begin, end int32
}

// NewText joins a tokenizer to the ids that begin and end a text; they may be one and the same. Errors: EInvalid (an id outside the vocabulary, or one that
// text could yield).
func NewText(t *Tokenizer, begin, end int32) (*Text, error) {
	for _, id := range []int32{begin, end} {
		switch {
		case id < 0 || int(id) >= t.VocabSize():
			return nil, perk.Errorf(perk.EInvalid, "bpe.NewText", "a text begins with token %d and ends with %d, the vocabulary has %d", begin, end, t.VocabSize())
		case t.bytes[id] != "":
			return nil, perk.Errorf(perk.EInvalid, "bpe.NewText", "a text begins with token %d and ends with %d, of which %d is the text %q", begin, end, id, t.bytes[id])
		}
	}
	return &Text{t, begin, end}, nil
}

// Encode gives the ids of a text, or of a part of one: parts are encoded one by one and joined, so where SentencePiece would put a space before a text, it gets none if it
// brings one of its own.
func (t *Text) Encode(text string) []int32 {
	if strings.HasPrefix(text, " ") {
		return t.encode(text, NoPrefix)
	}
	return t.Tokenizer.Encode(text)
}

// Count says how many ids Encode gives.
func (t *Text) Count(text string) int { return len(t.Encode(text)) }

// Decode gives the bytes of ids, a space at the beginning included, which in the middle of a text is part of it.
func (t *Text) Decode(ids []int32) string { return pieces.Join(t.bytes, ids) }

// Special tells the ids by the names that perk's own tokenizers give them: "<eos>" ends a text, "<doc>" begins one. There are no others.
func (t *Text) Special(name string) (int32, bool) {
	switch name {
	case "<eos>":
		return t.end, true
	case "<doc>":
		return t.begin, true
	}
	return 0, false
}

// MarshalJSON gives the ids beside a tokenizer.json; equal tokenizers give equal bytes.
func (t *Text) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Begin     int32      `json:"begin"`
		End       int32      `json:"end"`
		Tokenizer *Tokenizer `json:"tokenizer"`
	}{t.begin, t.end, t.Tokenizer})
}
