package bpe_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
)

// golden reads a file of testdata.
func golden(t testing.TB, name string, into any) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil && into != nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scored makes the tokenizer of tokens and scores, as GGUF files have them.
func scored(t testing.TB) *bpe.Tokenizer {
	t.Helper()
	var p struct {
		Tokens []string
		Scores []float32
		Kinds  []int
	}
	golden(t, "sentencepiece_pieces.json", &p)
	v := bpe.Vocabulary{Tokens: p.Tokens, Pre: bpe.SentencePiece, Prefix: bpe.PrefixAll}
	for id, k := range p.Kinds {
		if k == 2 || k == 3 {
			v.Added, v.Tokens[id] = append(v.Added, bpe.Added{ID: int32(id), Text: v.Tokens[id], Special: true}), ""
		}
	}
	var err error
	if v.Merges, err = bpe.ScoredMerges(v.Tokens, p.Scores); err != nil {
		t.Fatal(err)
	}
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestSentencePieceGolden holds ids and texts to those of sentencepiece and of Hugging Face tokenizers, with every kind of prefix.
func TestSentencePieceGolden(t *testing.T) {
	file := string(golden(t, "sentencepiece_tokenizer.json", nil))
	var g struct {
		Schemes map[string]json.RawMessage
		Vectors []map[string]json.RawMessage
	}
	golden(t, "sentencepiece_vectors.json", &g)
	tokenizers := map[string]*bpe.Tokenizer{"Sentencepiece": scored(t)}
	for scheme, pre := range g.Schemes {
		text := file
		if scheme != "all" {
			at, end := strings.Index(file, `"normalizer": `), strings.Index(file, `"post_processor"`)
			text = file[:at] + `"normalizer": null, "pre_tokenizer": ` + string(pre) + ", " + file[end:]
		}
		if scheme == "never" {
			text = strings.Replace(text, `, {"type": "Strip", "content": " ", "start": 1, "stop": 0}`, "", 1)
		}
		tok, err := bpe.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", scheme, err)
		}
		tokenizers[scheme] = tok
	}
	if len(tokenizers) != 5 || len(g.Vectors) != 77 {
		t.Fatalf("%d tokenizers, %d vectors", len(tokenizers), len(g.Vectors))
	}
	for name, tok := range tokenizers {
		for _, v := range g.Vectors {
			var text string
			var want []int32
			if err := json.Unmarshal(v["Text"], &text); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(v[name], &want); err != nil {
				t.Fatal(err)
			}
			if got := tok.Encode(text); !slices.Equal(got, want) {
				t.Errorf("%s: %.60q: %s", name, text, cmp.Diff(want, got))
			}
			back, text := tok.Decode(want), strings.ReplaceAll(text, "▁", " ")
			if name == "always" || name == "first" { // these put no space before one, and Decode cannot know
				text = strings.TrimPrefix(text, " ")
			}
			if back != text {
				t.Errorf("%s: %.60q decodes to %.60q", name, text, back)
			}
		}
	}
	one, err := json.Marshal(tokenizers["all"])
	if err != nil {
		t.Fatal(err)
	}
	if two, err := json.Marshal(tokenizers["Sentencepiece"]); err != nil || string(one) != string(two) {
		t.Errorf("the vocabulary of scores is another one than that of merges (%v)", err)
	}
	for name, tok := range tokenizers {
		b, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := bpe.Parse(b); err != nil || !slices.Equal(again.Encode(" a b"), tok.Encode(" a b")) {
			t.Errorf("%s: its own file makes another tokenizer (%v)", name, err)
		}
	}
}

// TestLlama2 holds merges to those of the published tokenizer.json, whose path is in PERK_LLAMA2_TOKENIZER.
func TestLlama2(t *testing.T) {
	path := os.Getenv("PERK_LLAMA2_TOKENIZER")
	if path == "" {
		t.Skip("PERK_LLAMA2_TOKENIZER is not set")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Model struct {
			Vocab  map[string]int32
			Merges []string
		}
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	tokens, scores := make([]string, len(f.Model.Vocab)), make([]float32, len(f.Model.Vocab))
	for token, id := range f.Model.Vocab {
		if id < 259 { // special ones and bytes
			continue
		}
		tokens[id], scores[id] = token, float32(259-id)
		if len(token) > len("▁") && strings.Trim(token, "▁") == "" {
			scores[id] = -1e9
		}
	}
	merges, err := bpe.ScoredMerges(tokens, scores)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range merges {
		got = append(got, m[0]+" "+m[1])
	}
	if !slices.Equal(got, f.Model.Merges) {
		t.Errorf("%d merges differ from the file's %d", len(got), len(f.Model.Merges))
	}
	tok, err := bpe.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	text := mixed(1 << 20)
	if got := tok.Decode(tok.Encode(text)); got != strings.ReplaceAll(text, "▁", " ") {
		t.Errorf("%d bytes come back as %d", len(text), len(got))
	}
}

// Cutting a text into words gives the tokens of the whole, and any text comes back.
func TestSentencePieceRoundTrip(t *testing.T) {
	n := 1 << 20
	if testing.Short() {
		n = 1 << 16
	}
	tok := scored(t)
	text := mixed(n) + "\xff\xc0 \x80"
	ids := tok.Encode(text)
	if !slices.Equal(ids, bpe.Joined(tok).Encode(text)) {
		t.Error("cut into words, the text has other tokens than as a whole")
	}
	if got := tok.Decode(ids); got != strings.ReplaceAll(text, "▁", " ") {
		t.Errorf("%d bytes come back as %d", len(text), len(got))
	}
	if slices.Contains(ids, 0) || slices.Contains(ids, 1) || slices.Contains(ids, 2) {
		t.Error("text yields special tokens")
	}
}

// A vocabulary with tokens across words is not cut at them.
func TestSentencePieceAcrossWords(t *testing.T) {
	v := bytesAnd("a", "b", "▁", "▁b", "a▁b")
	v.Merges = [][2]string{{"▁", "b"}, {"a", "▁b"}}
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{260, 256}, tok.Encode("a ba")); diff != "" {
		t.Error(diff)
	}
}

// bytesAnd makes a vocabulary of byte tokens and others behind them.
func bytesAnd(tokens ...string) bpe.Vocabulary {
	v := bpe.Vocabulary{Pre: bpe.SentencePiece}
	const hex = "0123456789ABCDEF"
	for b := range 256 {
		v.Tokens = append(v.Tokens, "<0x"+string(hex[b>>4])+string(hex[b&15])+">")
	}
	v.Tokens = append(v.Tokens, tokens...)
	return v
}

// Parts of a prompt that bring a space of their own are the tokens that they are in the middle of a text.
func TestTextOfParts(t *testing.T) {
	tok := scored(t)
	text, err := bpe.NewText(tok, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	whole := tok.Encode("the store of adapters")
	if diff := cmp.Diff(whole, slices.Concat(text.Encode("the store"), text.Encode(" of adapters"))); diff != "" {
		t.Error(diff)
	}
	if text.Count(" of adapters") != len(text.Encode(" of adapters")) {
		t.Error("Count and Encode differ")
	}
	if got := text.Decode(text.Encode(" of")); got != " of" {
		t.Errorf("decoded %q", got)
	}
}

func TestSentencePieceRefuses(t *testing.T) {
	for name, change := range map[string]func(*bpe.Vocabulary){
		"a byte without token":  func(v *bpe.Vocabulary) { v.Tokens[7] = "" },
		"ignore_merges":         func(v *bpe.Vocabulary) { v.Whole = true },
		"NFC":                   func(v *bpe.Vocabulary) { v.NFC = true },
		"prefix of byte-level":  func(v *bpe.Vocabulary) { *v = smallVocabulary(bpe.GPT2); v.Prefix = bpe.PrefixAll },
		"special is a letter":   func(v *bpe.Vocabulary) { v.Added = []bpe.Added{{ID: 256, Text: "a", Special: true}} },
		"added, but normalised": func(v *bpe.Vocabulary) { v.Added = []bpe.Added{{ID: 300, Text: "x", Normalized: true}} },
	} {
		v := bytesAnd("a", "b", "ab")
		change(&v)
		if _, err := bpe.New(v); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: got %v, want EInvalid", name, err)
		}
	}
	if _, err := bpe.ScoredMerges([]string{"a"}, nil); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("scores missing: %v", err)
	}
	if _, err := bpe.ScoredMerges([]string{strings.Repeat("a", 300)}, []float32{0}); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("a long token: %v", err)
	}
	good := string(golden(t, "sentencepiece_tokenizer.json", nil))
	for _, c := range []struct{ old, new, want string }{
		{`"prepend": "▁"`, `"prepend": "_"`, "byte_fallback"},
		{`"pre_tokenizer": null`, `"pre_tokenizer": {"type": "Whitespace"}`, "Whitespace"},
		{`{"type": "ByteFallback"}, `, ``, "decoder"},
		{`"start": 1`, `"start": 2`, "decoder"},
		{`"<0x0A>"`, `"<0x0a>"`, "<0x0A>"},
	} {
		b := strings.Replace(good, c.old, c.new, 1)
		if b == good {
			t.Errorf("%s is not in the file", c.old)
			continue
		}
		if _, err := bpe.Parse([]byte(b)); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want EInvalid naming %s", c.new, err, c.want)
		}
	}
}
