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
