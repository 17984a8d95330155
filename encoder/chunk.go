package encoder

import (
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// span is a chunk: tokens [start, end) of a document, read backwards where reversed is set.
type span struct {
	start, end int
	reversed   bool
}

func (s span) len() int { return s.end - s.start }

// Chunks is a document cut into the short sequences that an inner loop is run over.
type Chunks struct {
	Tokens []int32 // the document, without labels
	spans  []span
	label  int32 // <doc>
	rev    int32 // <rev>
}

// Len says how many sequences there are.
func (c *Chunks) Len() int { return len(c.spans) }

// Sequence gives sequence i: its label, <doc> or <rev>, and its tokens, in reverse order after <rev>.
func (c *Chunks) Sequence(i int) []int32 {
	s := c.spans[i]
	out := make([]int32, 0, s.len()+1)
	if !s.reversed {
		return append(append(out, c.label), c.Tokens[s.start:s.end]...)
	}
	out = append(out, c.rev)
	for j := s.end - 1; j >= s.start; j-- {
		out = append(out, c.Tokens[j])
	}
	return out
}

// Chunk cuts a text as the recipe says: at sentence and line ends, packed greedily up to ChunkTokens; a sentence longer than that is cut
// hard. With Overlap n a chunk begins with the last n sentences of the one before, fewer where they leave no room for a new
// sentence. With Reverse the same chunks follow once more, reversed. Without overlap every token of the document is in exactly one forward chunk.
// Errors: EInvalid for a text that is empty, only white space, not UTF-8 (naming the byte), of a tokenizer without the special tokens, or
// without one for reversed chunks where the recipe has such.
func Chunk(text string, tok recipe.Tokenizer, r *recipe.Recipe) (*Chunks, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	sp, err := recipe.NewSpecials(tok)
	if err != nil {
		return nil, err
	}
	if r.Reverse && sp.Rev == recipe.None {
		return nil, perk.Errorf(perk.EInvalid, "encoder.Chunk", "the tokenizer has no special token for chunks in reverse order").WithHint("use a recipe with reverse false")
	}
	c := &Chunks{Tokens: tok.Encode(text), label: sp.Doc, rev: sp.Rev}
	c.spans = pack(sentences(c.Tokens, tok, r.ChunkTokens), r.ChunkTokens, r.Overlap)
	if r.Reverse {
		for _, s := range c.spans {
			s.reversed = true
			c.spans = append(c.spans, s)
		}
	}
	return c, nil
}

func checkText(text string) error {
	const op = "encoder.Chunk"
	if at := perk.InvalidUTF8(text); at >= 0 {
		return perk.Errorf(perk.EInvalid, op, "the text is not UTF-8: byte 0x%02x at offset %d", text[at], at).WithHint("convert the document to UTF-8")
	}
	if strings.TrimSpace(text) == "" {
		return perk.Errorf(perk.EInvalid, op, "the text is empty or only white space (%d bytes)", len(text)).WithHint("a document needs text to be written into an adapter")
	}
	return nil
}

// pack joins neighbouring pieces into spans of at most limit tokens. No piece is longer than limit.
func pack(pieces []span, limit, overlap int) []span {
	var out []span
	for i := 0; i < len(pieces); {
		first := i
		for i-first < overlap && first > 0 && pieces[first-1].start >= out[len(out)-1].start && pieces[i].end-pieces[first-1].start <= limit {
			first--
		}
		s := span{start: pieces[first].start, end: pieces[i].end}
		for i++; i < len(pieces) && pieces[i].end-s.start <= limit; i++ {
			s.end = pieces[i].end
		}
		out = append(out, s)
	}
	return out
}
