package bpe

// Pieces cuts a text as Encode does.
func Pieces(p Pretokenizer, text string) []string {
	out := []string{}
	for text != "" {
		n := p.piece(text)
		out, text = append(out, text[:n]), text[n:]
	}
	return out
}

// Joined gives a tokenizer that does not cut texts at words.
func Joined(t *Tokenizer) *Tokenizer {
	j := *t
	j.joined = true
	return &j
}
