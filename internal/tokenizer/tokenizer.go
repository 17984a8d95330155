package tokenizer

import (
	"slices"

	"github.com/perkdb/perk/internal/pieces"
)

// Names of the special tokens.
const (
	EOS        = "<eos>"     // end of an answer or of a text
	Doc        = "<doc>"     // starts a chunk of a document
	Rev        = "<rev>"     // starts a chunk or a fact written token-reversed
	Ask        = "<ask>"     // starts a question
	Support    = "<support>" // opens the recalled facts
	SupportEnd = "</support>"
	Output     = "<output>" // opens the answer
	OutputEnd  = "</output>"
)

const (
	firstByte  = 8               // id of byte 0
	firstMerge = firstByte + 256 // id of the first merge
	maxToken   = 64              // bytes of the longest token
	maxMerges  = 1 << 20
)

// MinVocab is the smallest vocabulary: the special tokens and the bytes.
const MinVocab = firstMerge

// Specials gives the names of the special tokens in the order of their ids, which start at 0.
func Specials() []string {
	return []string{EOS, Doc, Rev, Ask, Support, SupportEnd, Output, OutputEnd}
}

type pair struct{ left, right int32 }

// Tokenizer maps text to token ids and back. Make one with Train or Parse.
type Tokenizer struct {
	merges []pair         // merges[i] makes token firstMerge+i
	ids    map[pair]int32 // the same, by pair; a smaller id merges first
	bytes  []string       // bytes[id] is the text of a token; "" for a special one
	cache  *pieces.Cache
}

// build makes a Tokenizer of checked merges.
func build(merges []pair) *Tokenizer {
	t := &Tokenizer{
		merges: merges,
		ids:    make(map[pair]int32, len(merges)),
		bytes:  make([]string, firstMerge, firstMerge+len(merges)),
	}
	t.cache = pieces.NewCache(t.merge)
	for i := range 256 {
		t.bytes[firstByte+i] = string([]byte{byte(i)})
	}
	for i, m := range merges {
		t.ids[m] = int32(firstMerge + i)
		t.bytes = append(t.bytes, t.bytes[m.left]+t.bytes[m.right])
	}
	return t
}

// VocabSize says how many ids there are, special tokens included.
func (t *Tokenizer) VocabSize() int { return len(t.bytes) }

// Special gives the id of a special token by name.
func (t *Tokenizer) Special(name string) (int32, bool) {
	i := slices.Index(Specials(), name)
	return int32(i), i >= 0
}

// Encode gives the ids of text, never a special token's.
func (t *Tokenizer) Encode(text string) []int32 {
	out := make([]int32, 0, len(text)/3+4)
	for len(text) > 0 {
		n := pieceLen(text)
		out = append(out, t.cache.IDs(text[:n])...)
		text = text[n:]
	}
	return out
}

// Count says how many ids Encode would give, without building them.
func (t *Tokenizer) Count(text string) int {
	total := 0
	for len(text) > 0 {
		n := pieceLen(text)
		total += len(t.cache.IDs(text[:n]))
		text = text[n:]
	}
	return total
}

// Decode gives the text of ids. Special tokens and ids outside the vocabulary are dropped.
func (t *Tokenizer) Decode(ids []int32) string { return pieces.Join(t.bytes, ids) }

// merge applies the merges to one piece, the earliest learned first.
func (t *Tokenizer) merge(p string) []int32 {
	ids := make([]int32, len(p))
	for i := range len(p) {
		ids[i] = firstByte + int32(p[i])
	}
	for {
		best, at := int32(-1), -1
		for i := 0; i+1 < len(ids); i++ {
			if id, ok := t.ids[pair{ids[i], ids[i+1]}]; ok && (at < 0 || id < best) {
				best, at = id, i
			}
		}
		if at < 0 {
			return slices.Clip(ids)
		}
		m := t.merges[best-firstMerge]
		ids = replace(ids, m, best)
	}
}

// replace puts id in the place of every m in ids, left to right, in place.
func replace(ids []int32, m pair, id int32) []int32 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == m.left && ids[i+1] == m.right {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, ids[i])
	}
	return out
}
