package bpe

// letters spells bytes as GPT-2 does: those that are printable in Latin-1 as themselves, the rest, in order, as the letters from U+0100 on.
func letters() (spell [256]rune, read map[rune]byte) {
	next := rune(0x100)
	read = make(map[rune]byte, 256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r = next
			next++
		}
		spell[b], read[r] = r, byte(b)
	}
	return spell, read
}

// spellLetters finds the tokens of bytes, and what every token stands for.
func (t *Tokenizer) spellLetters(ids map[string]int32) {
	spell, read := letters()
	for token, id := range ids {
		t.bytes[id] = unspell(token, read)
	}
	for b, letter := range spell {
		id, ok := ids[string(letter)]
		if !ok {
			t.byteID[b] = -1
			continue
		}
		t.byteID[b], t.kinds[id] = id, made
	}
}

// unspell gives the bytes that a token stands for; a token that is not spelt in letters of bytes stands for itself.
func unspell(token string, read map[rune]byte) string {
	out := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := read[r]
		if !ok {
			return token
		}
		out = append(out, b)
	}
	return string(out)
}
