package bpe

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class sorts characters as the regular expressions of pre-tokenisers do.
type class uint8

const (
	end    class = iota // of the text
	letter              // \p{L}
	number              // \p{N}
	space               // \s
	other               // the rest, and bytes that are not UTF-8
)

// at gives the class and width in bytes of the character at i.
func at(text string, i int) (class, int) {
	if i >= len(text) {
		return end, 0
	}
	if c := text[i]; c < utf8.RuneSelf {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			return letter, 1
		case c >= '0' && c <= '9':
			return number, 1
		case c == ' ' || c >= '\t' && c <= '\r':
			return space, 1
		}
		return other, 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	switch {
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// run gives the end of the run of a class that begins at i.
func run(text string, i int, want class) int {
	for {
		c, n := at(text, i)
		if c != want || n == 0 {
			return i
		}
		i += n
	}
}

func newline(c byte) bool { return c == '\r' || c == '\n' }

// piece gives the length of the first piece of a text that is not empty.
func (p Pretokenizer) piece(text string) int {
	switch p {
	case Qwen2:
		return modern(text, 1)
	case Llama3:
		return modern(text, 3)
	case SentencePiece:
		return word(text)
	}
	return classic(text, p == SmolLM)
}

// classic cuts as GPT-2 does:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// With digits, the text was first cut before and behind every \p{N}, so that a number is to its neighbours what the end of the text is.
func classic(text string, digits bool) int {
	if n := contraction(text, false); n > 0 {
		return n
	}
	c, n := at(text, 0)
	if digits && c == number {
		return n
	}
	i := 0
	if text[0] == ' ' {
		i = 1
		c, _ = at(text, i)
	}
	if c == letter || c == other || c == number && !digits {
		return run(text, i, c)
	}
	return spaces(text, digits)
}

// modern cuts as Qwen2 does, and Llama 3, where up to three digits stay together:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func modern(text string, digits int) int {
	if n := contraction(text, true); n > 0 {
		return n
	}
	c, n := at(text, 0)
	switch next, _ := at(text, n); {
	case c == letter:
		return run(text, 0, letter)
	case c == number:
		i := n
		for range digits - 1 {
			if c, n = at(text, i); c != number {
				break
			}
			i += n
		}
		return i
	case next == letter && !newline(text[0]):
		return run(text, n, letter)
	case c == other || text[0] == ' ' && next == other:
		i := run(text, n, other)
		for i < len(text) && newline(text[i]) {
			i++
		}
		return i
	}
	if i := strings.LastIndexAny(text[:run(text, 0, space)], "\r\n"); i >= 0 {
		return i + 1
	}
	return spaces(text, false)
}

// spaces gives the length of the spaces that a text begins with, less the last where something follows that it may belong to.
func spaces(text string, digits bool) int {
	last, i := 0, 0
	for {
		c, n := at(text, i)
		switch {
		case c == space:
			last, i = i, i+n
			continue
		case c == end || last == 0 || digits && c == number:
			return i
		}
		return last
	}
}

// contraction gives the length of the English contraction that a text begins with, 0 for none.
func contraction(text string, fold bool) int {
	if text[0] != '\'' {
		return 0
	}
	for _, s := range [...]string{"s", "t", "re", "ve", "m", "ll", "d"} {
		if strings.HasPrefix(text[1:], s) {
			return 1 + len(s)
		}
		// The long s (ſ, two bytes) is a form of s, too; other letters here have forms of one byte only.
		if n := min(len(text)-1, len(s)); fold && n == len(s) && strings.EqualFold(text[1:1+n], s) {
			return 1 + n
		}
	}
	if fold && strings.HasPrefix(text[1:], "ſ") {
		return 1 + len("ſ")
	}
	return 0
}
