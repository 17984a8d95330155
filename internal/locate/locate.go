package locate

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/perkdb/perk"
)

// Ask asks a document whose present text is given: an adapter of another text is refused, and the facts that the answer recalled are located. Errors: those of r.Ask.
func Ask(ctx context.Context, r perk.Reasoner, q perk.Question, text string, emit func(string) error) (*perk.Answer, error) {
	q.Content = perk.ContentHash(text)
	a, err := r.Ask(ctx, q, emit)
	if err != nil {
		return nil, err
	}
	Facts(text, a.Support)
	return a, nil
}

// Facts looks every fact up in a document's text. Facts that were located before are located anew.
func Facts(text string, facts []perk.Fact) {
	for i := range facts {
		f := &facts[i]
		*f = perk.Fact{Text: f.Text, State: perk.FactNotFound}
		words := strings.Fields(f.Text)
		if len(words) == 0 || !utf8.ValidString(f.Text) {
			continue
		}
		places(text, []string{strings.TrimSpace(f.Text)}, f)
		if f.Count == 0 {
			places(text, words, f)
		}
	}
}

// places counts the places of text that hold the words with white space between them, and notes the first one. They do not overlap.
func places(text string, words []string, f *perk.Fact) {
	for from := 0; ; {
		at := strings.Index(text[from:], words[0])
		if at < 0 {
			return
		}
		start := from + at
		end := match(text, start, words)
		if end < 0 || cut(text, start) || cut(text, end) {
			_, size := utf8.DecodeRuneInString(text[start:])
			from = start + size
			continue
		}
		if f.Count++; f.Count == 1 {
			f.State, f.Start, f.End, f.Quote = perk.FactFound, start, end, text[start:end]
		}
		from = end
	}
}

// match gives where the words end that begin at start, or -1 where the text goes on in another way.
func match(text string, start int, words []string) int {
	end := start
	for i, w := range words {
		if i > 0 {
			rest := strings.TrimLeftFunc(text[end:], unicode.IsSpace)
			if len(rest) == len(text)-end {
				return -1
			}
			end = len(text) - len(rest)
		}
		if !strings.HasPrefix(text[end:], w) {
			return -1
		}
		end += len(w)
	}
	return end
}

// cut reports whether a word, a number or a character with its marks goes on across an offset.
func cut(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, size := utf8.DecodeRuneInString(text[at:])
	if size == 0 || before == utf8.RuneError {
		return false
	}
	switch {
	case unicode.IsMark(after):
		return true
	case unicode.IsDigit(before) && separator(after):
		next, _ := utf8.DecodeRuneInString(text[at+size:])
		return unicode.IsDigit(next)
	case separator(before) && unicode.IsDigit(after):
		last, _ := utf8.DecodeLastRuneInString(text[:at-1])
		return unicode.IsDigit(last)
	}
	return spaced(before) && spaced(after)
}

// separator reports whether a character can stand inside a number: 8.5, 1,204, 12:30.
func separator(r rune) bool { return r == '.' || r == ',' || r == ':' }

// spaced reports whether a character is of a word or number that white space or punctuation ends; some scripts write words without any.
func spaced(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
