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
		if strings.TrimSpace(f.Text) == "" || !utf8.ValidString(f.Text) {
			continue
		}
		var exact, loose [][]string
		for part := range strings.SplitSeq(f.Text, perk.Elision) {
			exact = append(exact, []string{strings.TrimSpace(part)})
			loose = append(loose, strings.Fields(part))
		}
		places(text, exact, f)
		if f.Count == 0 {
			places(text, loose, f)
		}
	}
}

// places counts the places of text that hold the parts of a fact, and notes the first one. They do not overlap.
func places(text string, parts [][]string, f *perk.Fact) {
	for _, p := range parts {
		if len(p) == 0 || p[0] == "" {
			return // nothing to look for on one side of an elision
		}
	}
	for from := 0; ; {
		start, end, ok := next(text, from, parts[0])
		if !ok {
			return
		}
		from = end
		for _, p := range parts[1:] {
			if end, ok = follows(text, end, p); !ok {
				break
			}
		}
		if !ok {
			continue
		}
		if f.Count++; f.Count == 1 {
			f.State, f.Start, f.End, f.Quote = perk.FactFound, start, end, text[start:end]
		}
		from = end
	}
}

// next gives the first place from an offset on that holds the words with white space between them.
func next(text string, from int, words []string) (start, end int, ok bool) {
	for {
		at := strings.Index(text[from:], words[0])
		if at < 0 {
			return 0, 0, false
		}
		start := from + at
		if end := match(text, start, words); end >= 0 && !cut(text, start) && !cut(text, end) {
			return start, end, true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

// follows gives where the part of a fact behind an elision ends. It has to stand where its first word comes next: "Id: 7 ... Grade: 85" is not found where
// the first grade behind this id is another one, for it would be somebody else's.
func follows(text string, from int, words []string) (end int, ok bool) {
	label := words[:1]
	if first, _, several := strings.Cut(words[0], " "); several {
		label = []string{first}
	}
	start, _, ok := next(text, from, label)
	if !ok {
		return 0, false
	}
	end = match(text, start, words)
	return end, end >= 0 && !cut(text, end)
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
