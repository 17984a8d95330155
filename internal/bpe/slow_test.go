package bpe_test

import (
	"regexp"
	"unicode/utf8"

	"github.com/perkdb/perk/internal/bpe"
)

// The pre-tokenisers' alternatives but for the one that looks ahead; \s and "not a space" are spelt out because Go's \s is ASCII.
const (
	slowSpace   = `[\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]`
	slowOther   = `[^\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\p{L}\p{N}]`
	slowClassic = `^(?:'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?` + slowOther + `+)`
	slowQwen2   = `^(?:(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?` + slowOther + `+[\r\n]*|` + slowSpace + `*[\r\n]+)`
	slowLlama3  = `^(?:(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?` + slowOther + `+[\r\n]*|` + slowSpace + `*[\r\n]+)`
)

var (
	slowRegexps = map[bpe.Pretokenizer]*regexp.Regexp{
		bpe.GPT2: regexp.MustCompile(slowClassic), bpe.SmolLM: regexp.MustCompile(slowClassic),
		bpe.Qwen2: regexp.MustCompile(slowQwen2), bpe.Llama3: regexp.MustCompile(slowLlama3),
	}
	slowSpaces = regexp.MustCompile(`^` + slowSpace + `+`)
	slowDigit  = regexp.MustCompile(`\p{N}`)
)

// slowPieces cuts a text by the regular expressions themselves, \s+(?!\S)|\s+ apart.
func slowPieces(pre bpe.Pretokenizer, text string) []string {
	out := []string{}
	if pre == bpe.SmolLM {
		for text != "" {
			loc := slowDigit.FindStringIndex(text)
			if loc == nil {
				return append(out, slowPieces(bpe.GPT2, text)...)
			}
			out = append(append(out, slowPieces(bpe.GPT2, text[:loc[0]])...), text[loc[0]:loc[1]])
			text = text[loc[1]:]
		}
		return out
	}
	for text != "" {
		n := len(slowRegexps[pre].FindString(text))
		if n == 0 {
			run := slowSpaces.FindString(text)
			n = len(run)
			if _, last := utf8.DecodeLastRuneInString(run); n < len(text) && n > last {
				n -= last
			}
		}
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}
