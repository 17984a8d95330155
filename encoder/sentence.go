package encoder

import (
	"strings"

	"github.com/perkdb/perk/internal/recipe"
)

// sentences cuts tokens into pieces that end where a line or a sentence ends, none longer than limit. It works on the tokens of the whole
// text, not on texts of sentences, so that the pieces together are the document's tokens whatever the tokenizer does at borders.
func sentences(tokens []int32, tok recipe.Tokenizer, limit int) []span {
	look := edges{tok: tok, seen: map[int32]edge{}}
	var out []span
	start, stopped := 0, false
	for i, id := range tokens {
		e := look.of(id)
		stopped = e.stop || stopped && e.closer
		if i+1-start == limit || i == len(tokens)-1 || e.breaks(look.of(tokens[i+1]), stopped) {
			out = append(out, span{start: start, end: i + 1})
			start = i + 1
		}
	}
	return out
}

// edge says what a token's text looks like at its two ends.
type edge struct {
	space   bool // begins with white space other than a newline
	newline bool // begins with a newline
	lineEnd bool // ends with a newline, blanks after it not counted
	blank   bool // ends with white space
	stop    bool // ends with . ! or ?, closing quotes and brackets after it not counted
	closer  bool // is nothing but closing quotes and brackets
}

// breaks says whether a piece ends between a token and the next one; stopped says that a sentence's stop was the last thing before,
// closing quotes and brackets not counted.
func (e edge) breaks(next edge, stopped bool) bool {
	if e.lineEnd {
		return !next.newline // a run of newlines stays together
	}
	return stopped && (next.space || e.blank && !next.newline)
}

// edges remembers each token's edge, because a document has few distinct tokens.
type edges struct {
	tok  recipe.Tokenizer
	seen map[int32]edge
}

func (l *edges) of(id int32) edge {
	e, ok := l.seen[id]
	if ok {
		return e
	}
	s := l.tok.Decode([]int32{id})
	trimmed := strings.TrimRight(s, " \t\r")
	e = edge{
		space:   strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r"),
		newline: strings.HasPrefix(s, "\n"),
		lineEnd: strings.HasSuffix(trimmed, "\n"),
		blank:   trimmed != s,
	}
	closed := strings.TrimRight(trimmed, `"')]`)
	e.closer = closed == "" && trimmed != ""
	e.stop = strings.HasSuffix(closed, ".") || strings.HasSuffix(closed, "!") || strings.HasSuffix(closed, "?")
	l.seen[id] = e
	return e
}
