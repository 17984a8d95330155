package bpe

import "fmt"

// prefix reads the stages of a SentencePiece tokenizer: spaces are spelt "▁" by a normaliser, with one before the text or without, or by a Metaspace that does not cut; and the decoder undoes
// just that.
func (f *file) prefix() (Prefix, error) {
	normalizers, pre := f.Normalizer.flat(), f.PreTokenizer.flat()
	p := NoPrefix
	switch {
	case len(normalizers) == 2 && normalizers[0].Type == "Prepend" && normalizers[0].Prepend == underline && normalizers[1].replaces(" ", underline) && len(pre) == 0:
		p = PrefixAll
	case len(normalizers) == 1 && normalizers[0].replaces(" ", underline) && len(pre) == 0:
	case len(normalizers) == 0 && len(pre) == 1 && pre[0].Type == "Metaspace" && pre[0].Replacement == underline && pre[0].Split != nil && !*pre[0].Split:
		switch pre[0].Scheme {
		case "always", "first":
			p = Prefix(pre[0].Scheme)
		case "never":
		default:
			return "", fmt.Errorf("prepend_scheme %q of Metaspace is not known", pre[0].Scheme)
		}
	default:
		return "", fmt.Errorf("byte_fallback is supported with the normalizers Prepend and Replace of spaces, or with a Metaspace that does not split, not with normalizer %s and pre-tokenizer %s", f.Normalizer, f.PreTokenizer)
	}
	want := 3
	if p != NoPrefix {
		want = 4
	}
	d := f.Decoder.flat()
	if len(d) != want || !d[0].replaces(underline, " ") || d[1].Type != "ByteFallback" || d[2].Type != "Fuse" || want == 4 && !d[3].strips() {
		return "", fmt.Errorf("decoder %s is not Replace, ByteFallback, Fuse and, where a space is put before the text, Strip", f.Decoder)
	}
	return p, nil
}

// replaces tells whether a stage replaces one string by another and does nothing else.
func (s *stage) replaces(from, to string) bool {
	return s.Type == "Replace" && s.Pattern != nil && s.Pattern.String == from && s.Pattern.Regex == "" && s.Content == to
}

// strips tells whether a stage takes one space from the beginning.
func (s *stage) strips() bool {
	return s.Type == "Strip" && s.Content == " " && s.Start != nil && *s.Start == 1 && s.Stop != nil && *s.Stop == 0
}

// stages gives the file's form of a prefix.
func (p Prefix) stages() (normalizer, pre, decoder *stage) {
	spell := stage{Type: "Replace", Pattern: &pattern{String: " "}, Content: underline}
	decoders := []stage{{Type: "Replace", Pattern: &pattern{String: underline}, Content: " "}, {Type: "ByteFallback"}, {Type: "Fuse"}}
	if p != NoPrefix {
		one, none := 1, 0
		decoders = append(decoders, stage{Type: "Strip", Content: " ", Start: &one, Stop: &none})
	}
	decoder = &stage{Type: "Sequence", Decoders: decoders}
	switch p {
	case NoPrefix:
		return &spell, nil, decoder
	case PrefixAll:
		return &stage{Type: "Sequence", Normalizers: []stage{{Type: "Prepend", Prepend: underline}, spell}}, nil, decoder
	}
	split := false
	return nil, &stage{Type: "Metaspace", Replacement: underline, Scheme: string(p), Split: &split, AddPrefixSpace: true}, decoder
}
