package bpe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// underline is what SentencePiece spells a space with.
const underline = "▁"

// maxScored bounds the bytes of a token that merges are derived for; SentencePiece makes none of more than 16 characters by itself.
const maxScored = 1 << 8

// ScoredMerges derives merges from tokens (by id, "" where there is none) and their scores, as Transformers did when it made the tokenizer.json of Llama 2 and its kin: all ways to put
// a token together of two others, the best score first, those of one score by their ids. SentencePiece itself merges whichever neighbours make the token of the best score, which is the same but where
// two places compete for one token. Errors: EInvalid (lengths that differ, a token that is too long).
func ScoredMerges(tokens []string, scores []float32) ([][2]string, error) {
	if len(scores) != len(tokens) {
		return nil, invalid("bpe.ScoredMerges", fmt.Errorf("%d scores for %d tokens", len(scores), len(tokens)))
	}
	ids := make(map[string]int32, len(tokens))
	for id, token := range tokens {
		if len(token) > maxScored {
			return nil, invalid("bpe.ScoredMerges", fmt.Errorf("token %d has %d bytes, at most %d are allowed", id, len(token), maxScored))
		}
		if token != "" {
			ids[token] = int32(id)
		}
	}
	type split struct{ token, at, left, right int32 } // at bytes; ids
	var all []split
	for id, token := range tokens {
		from := len(all)
		for at := range token {
			left, okLeft := ids[token[:at]]
			right, okRight := ids[token[at:]]
			if okLeft && okRight {
				all = append(all, split{int32(id), int32(at), left, right})
			}
		}
		slices.SortFunc(all[from:], func(a, b split) int { return cmp.Or(cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right)) })
	}
	slices.SortStableFunc(all, func(a, b split) int { return cmp.Compare(scores[b.token], scores[a.token]) })
	out := make([][2]string, len(all))
	for i, s := range all {
		token := tokens[s.token]
		out[i] = [2]string{token[:s.at], token[s.at:]}
	}
	return out, nil
}

// byteToken gives the byte that a token such as "<0x0A>" stands for.
func byteToken(token string) (b byte, ok bool) {
	var n int
	if len(token) != 6 {
		return 0, false
	}
	if _, err := fmt.Sscanf(token, "<0x%02X>", &n); err != nil || token != fmt.Sprintf("<0x%02X>", n) {
		return 0, false
	}
	return byte(n), true
}

// spellPieces finds the tokens of bytes and characters, and what every token stands for.
func (t *Tokenizer) spellPieces(ids map[string]int32) error {
	t.chars = map[rune]int32{}
	for b := range t.byteID {
		t.byteID[b] = -1
	}
	for token, id := range ids {
		t.bytes[id] = strings.ReplaceAll(token, underline, " ")
		if b, ok := byteToken(token); ok {
			t.byteID[b], t.kinds[id], t.bytes[id] = id, made, string([]byte{b})
		} else if r, n := utf8.DecodeRuneInString(token); n == len(token) && (r != utf8.RuneError || n > 1) {
			t.chars[r], t.kinds[id] = id, made
		}
	}
	if b := slices.Index(t.byteID[:], -1); b >= 0 {
		return fmt.Errorf("the vocabulary has no token <0x%02X>, and so none for the byte", b)
	}
	return nil
}

// joined tells whether a token may stand across the beginning of a word, so that texts cannot be cut there.
func joined(token string) bool {
	at := strings.LastIndex(token, underline)
	return at > 0 && strings.Trim(token[:at], underline) != ""
}

// begins gives a stretch of text its spaces, and the one before it.
func (p Prefix) begins(text string, first bool) string {
	text = strings.ReplaceAll(text, " ", underline)
	if p == PrefixAll || !strings.HasPrefix(text, underline) && (p == PrefixAlways || p == PrefixFirst && first) {
		return underline + text
	}
	return text
}

// word gives the length of the first piece of a text with its spaces spelt out: up to where the next word begins.
func word(text string) int {
	spaces := len(text) - len(strings.TrimLeft(text, underline))
	if at := strings.Index(text[spaces:], underline); at > 0 {
		return spaces + at
	}
	return len(text)
}
