package bpe

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/perkdb/perk/internal/pieces"
)

type (
	pair  struct{ left, right int32 }
	merge struct {
		pair
		id int32
	}
	kind uint8
)

// Kinds of ids.
const (
	none     kind = iota
	ordinary      // in the vocabulary, made by nothing
	made          // a byte, or made by a merge
	added
)

// Tokenizer maps text to token ids and back. Make one with Parse or New.
type Tokenizer struct {
	v        Vocabulary
	bytes    []string       // by id; "" for special tokens
	kinds    []kind         // by id
	byteID   [256]int32     // -1 for a byte that has no token
	ranks    map[pair]int32 // index into merges
	merges   []merge
	chars    map[rune]int32   // SentencePiece: tokens of one character
	joined   bool             // SentencePiece: texts cannot be cut into words
	whole    map[string]int32 // tokens by their bytes, where these need no merges; or nil
	specials map[string]int32
	before   finder // of added tokens, before the normalisation
	after    finder // and behind it
	cache    *pieces.Cache
}

// VocabSize is one more than the largest id, special tokens included.
func (t *Tokenizer) VocabSize() int { return len(t.bytes) }

// Special gives the id of a special token by name.
func (t *Tokenizer) Special(name string) (int32, bool) {
	id, ok := t.specials[name]
	return id, ok
}

// Encode gives the ids of text, never a special token's. Time is linear in the text but for the logarithm of its longest piece.
func (t *Tokenizer) Encode(text string) []int32 { return t.encode(text, t.v.Prefix) }

func (t *Tokenizer) encode(text string, prefix Prefix) []int32 {
	return t.before.cut(make([]int32, 0, len(text)/3+4), text, func(out []int32, stretch string) []int32 {
		if t.v.Pre == SentencePiece {
			return t.pieces(out, prefix.begins(stretch, len(out) == 0))
		}
		if t.v.NFC {
			stretch = norm.NFC.String(stretch)
		}
		return t.after.cut(out, stretch, t.pieces)
	})
}

func (t *Tokenizer) pieces(out []int32, text string) []int32 {
	for text != "" {
		n := len(text)
		if !t.joined {
			n = t.v.Pre.piece(text)
		}
		out = append(out, t.cache.IDs(text[:n])...)
		text = text[n:]
	}
	return out
}

// Count says how many ids Encode gives.
func (t *Tokenizer) Count(text string) int { return len(t.Encode(text)) }

// Decode gives the bytes of ids. Special tokens and ids outside the vocabulary are dropped, and so is the space that a prefix put at the beginning.
func (t *Tokenizer) Decode(ids []int32) string {
	text := pieces.Join(t.bytes, ids)
	if t.v.Prefix != NoPrefix {
		return strings.TrimPrefix(text, " ")
	}
	return text
}
