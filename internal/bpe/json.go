package bpe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxFile bounds what Parse reads; published files stay below 35 MB.
const maxFile = 64 << 20

// file is the part of a tokenizer.json that says what tokens text has. Truncation and padding are left to callers.
type file struct {
	Version       string      `json:"version"`
	Added         []addedJSON `json:"added_tokens"`
	Normalizer    *stage      `json:"normalizer"`
	PreTokenizer  *stage      `json:"pre_tokenizer"`
	PostProcessor *stage      `json:"post_processor"`
	Decoder       *stage      `json:"decoder"`
	Model         model       `json:"model"`
}

type addedJSON struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type model struct {
	Type         string           `json:"type"`
	Dropout      float64          `json:"dropout"`
	Prefix       string           `json:"continuing_subword_prefix"`
	Suffix       string           `json:"end_of_word_suffix"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       []mergeJSON      `json:"merges"`
}

// mergeJSON is a pair in the file's newer form, ["a","b"], or its older one, "a b".
type mergeJSON [2]string

// UnmarshalJSON reads either form.
func (m *mergeJSON) UnmarshalJSON(b []byte) error {
	if b[0] != '"' {
		var parts []string
		if err := json.Unmarshal(b, &parts); err != nil || len(parts) != 2 {
			return fmt.Errorf("merge %.80q is no pair", b)
		}
		*m = mergeJSON(parts)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	left, right, ok := strings.Cut(s, " ")
	if !ok {
		return fmt.Errorf("merge %.80q has no space", s)
	}
	*m = mergeJSON{left, right}
	return nil
}

// Parse reads a tokenizer.json. Errors: EInvalid for files of other tokenizers, naming what is not known, and for damaged ones, however hostile.
func Parse(b []byte) (*Tokenizer, error) {
	t, err := parse(b)
	if err != nil {
		return nil, invalid("bpe.Parse", err)
	}
	return t, nil
}

func parse(b []byte) (*Tokenizer, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%d bytes, at most %d are read", len(b), maxFile)
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is something after the JSON object")
	}
	v, err := f.vocabulary()
	if err != nil {
		return nil, err
	}
	if f.Model.ByteFallback {
		v.Pre = SentencePiece
		if v.Prefix, err = f.prefix(); err != nil {
			return nil, err
		}
	} else if err := f.byteLevel(&v); err != nil {
		return nil, err
	}
	for _, s := range f.PostProcessor.flat() {
		if s.Type != "ByteLevel" && s.Type != "TemplateProcessing" {
			return nil, fmt.Errorf("post-processor %q is not known", s.Type)
		}
	}
	return build(v)
}

// byteLevel reads the stages of a byte-level tokenizer.
func (f *file) byteLevel(v *Vocabulary) (err error) {
	if v.Pre, err = f.PreTokenizer.pretokenizer(); err != nil {
		return err
	}
	if v.NFC, err = f.Normalizer.nfc(); err != nil {
		return err
	}
	if f.Decoder == nil || f.Decoder.Type != "ByteLevel" {
		return fmt.Errorf("decoder is %s, want ByteLevel", f.Decoder)
	}
	return nil
}

// vocabulary reads model and added tokens.
func (f *file) vocabulary() (v Vocabulary, err error) {
	m := &f.Model
	for _, no := range []struct {
		is   bool
		what string
	}{
		{f.Version != "1.0", fmt.Sprintf("file version %q", f.Version)},
		{m.Type != "BPE", fmt.Sprintf("model %q", m.Type)},
		{m.Dropout != 0, "dropout"},
		{m.Prefix != "", "continuing_subword_prefix"},
		{m.Suffix != "", "end_of_word_suffix"},
	} {
		if no.is {
			return v, fmt.Errorf("%s is not supported", no.what)
		}
	}
	size := int32(0)
	for token, id := range m.Vocab {
		if token == "" || id < 0 || id >= maxID {
			return v, fmt.Errorf("token %.80q has id %d, want text and 0 to %d", token, id, maxID-1)
		}
		size = max(size, id+1)
	}
	v = Vocabulary{Tokens: make([]string, size), Merges: make([][2]string, len(m.Merges)), Whole: m.IgnoreMerges}
	for token, id := range m.Vocab {
		if v.Tokens[id] != "" {
			return v, fmt.Errorf("two tokens have id %d", id)
		}
		v.Tokens[id] = token
	}
	for i, p := range m.Merges {
		v.Merges[i] = p
	}
	for _, a := range f.Added {
		if !a.Special && (a.SingleWord || a.LStrip || a.RStrip) {
			return v, fmt.Errorf("added token %.80q: single_word, lstrip and rstrip are not supported", a.Content)
		}
		v.Added = append(v.Added, Added{ID: a.ID, Text: a.Content, Special: a.Special, Normalized: a.Normalized})
		if m.ByteFallback && a.ID >= 0 && a.ID < size && v.Tokens[a.ID] == a.Content {
			v.Tokens[a.ID] = "" // as GGUF files have it
		}
	}
	return v, nil
}

// MarshalJSON gives a tokenizer.json; the same vocabulary always gives the same bytes.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	f := file{
		Version: "1.0",
		Model:   model{Type: "BPE", IgnoreMerges: t.v.Whole, ByteFallback: t.v.Pre == SentencePiece, Vocab: map[string]int32{}, Merges: make([]mergeJSON, len(t.v.Merges))},
		Added:   make([]addedJSON, 0, len(t.v.Added)),
	}
	if t.v.Pre == SentencePiece {
		f.Normalizer, f.PreTokenizer, f.Decoder = t.v.Prefix.stages()
	} else {
		f.PreTokenizer, f.Decoder = t.v.Pre.stage(), byteLevel(false)
	}
	if t.v.NFC {
		f.Normalizer = &stage{Type: "NFC"}
	}
	for id, token := range t.v.Tokens {
		if token != "" {
			f.Model.Vocab[token] = int32(id)
		}
	}
	for i, m := range t.v.Merges {
		f.Model.Merges[i] = m
	}
	for _, a := range t.v.Added {
		f.Added = append(f.Added, addedJSON{ID: a.ID, Content: a.Text, Special: a.Special, Normalized: a.Normalized})
	}
	slices.SortFunc(f.Added, func(a, b addedJSON) int { return int(a.ID - b.ID) })
	return json.Marshal(f)
}
