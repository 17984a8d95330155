package bpe_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
	"golang.org/x/text/unicode/norm"
)

// data reads a file of the test data, unzipped.
func data(t testing.TB, name string) []byte {
	t.Helper()
	root := os.Getenv("PERK_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	f, err := os.Open(filepath.Join(root, name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no test data: %v", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func gpt2(t testing.TB) *bpe.Tokenizer {
	t.Helper()
	var ids map[string]int32
	if err := json.Unmarshal(data(t, "tokenizers/gpt2/encoder.json"), &ids); err != nil {
		t.Fatal(err)
	}
	v := bpe.Vocabulary{Tokens: make([]string, len(ids)), Pre: bpe.GPT2, Added: []bpe.Added{{ID: 50256, Text: "<|endoftext|>", Special: true}}}
	for token, id := range ids {
		v.Tokens[id] = token
	}
	for line := range strings.Lines(string(data(t, "tokenizers/gpt2/vocab.bpe"))) {
		if left, right, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(line, "#version") {
			v.Merges = append(v.Merges, [2]string{left, right})
		}
	}
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func qwen(t testing.TB) *bpe.Tokenizer {
	t.Helper()
	tok, err := bpe.Parse(data(t, "tokenizers/qwen/tokenizer.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type vector struct {
	Text string
	IDs  []int32
}

func TestGoldenVectors(t *testing.T) {
	var sets map[string][]vector
	if err := json.Unmarshal(data(t, "tokenizers/golden/hf_vectors.json"), &sets); err != nil {
		t.Fatal(err)
	}
	var r50k []vector
	if err := json.Unmarshal(data(t, "tokenizers/golden/r50k_vectors.json"), &r50k); err != nil {
		t.Fatal(err)
	}
	classic := gpt2(t)
	for name, c := range map[string]struct {
		tok     *bpe.Tokenizer
		vectors []vector
		want    int
	}{
		"gpt2":        {classic, sets["Xenova/gpt2"], 26},
		"gpt2 openai": {classic, sets["openai-community/gpt2"], 26},
		"gpt2 r50k":   {classic, r50k, 64},
		"qwen":        {qwen(t), sets["Xenova/Qwen1.5-0.5B-Chat"], 25},
	} {
		t.Run(name, func(t *testing.T) {
			if len(c.vectors) != c.want {
				t.Fatalf("%d vectors, want %d", len(c.vectors), c.want)
			}
			for _, v := range c.vectors {
				got := c.tok.Encode(v.Text)
				if len(got)+len(v.IDs) > 0 && !cmp.Equal(v.IDs, got) {
					t.Errorf("%.60q: %s", v.Text, cmp.Diff(v.IDs, got))
				}
				if back := c.tok.Decode(v.IDs); back != v.Text {
					t.Errorf("%.60q decodes to %.60q", v.Text, back)
				}
			}
		})
	}
}

// mixed makes n bytes of text from every corner of Unicode, with runs of spaces, newlines, digits and contractions.
func mixed(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	blocks := [][2]rune{{0, 0x7f}, {0x80, 0x24f}, {0x300, 0x36f}, {0x370, 0x52f}, {0x590, 0x6ff}, {0x900, 0xdff}, {0x1100, 0x11ff}, {0x2000, 0x206f}, {0x3000, 0x30ff}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3}, {0x1f300, 0x1faff}, {0, 0x10ffff}}
	var b strings.Builder
	for b.Len() < n {
		switch r.IntN(5) {
		case 0:
			b.WriteString([]string{"  ", "\n\n", "\r\n", "\t", " don't WE'LL", " 12345", "<|endoftext|>", "<tool_call>", "\u3000"}[r.IntN(9)])
		default:
			block := blocks[r.IntN(len(blocks))]
			for range 1 + r.IntN(6) {
				if c := block[0] + r.Int32N(block[1]-block[0]+1); utf8.ValidRune(c) {
					b.WriteRune(c)
				}
			}
		}
	}
	return b.String()
}

func TestRoundTrip(t *testing.T) {
	n := 1 << 20
	if testing.Short() {
		n = 1 << 16
	}
	text, classic := mixed(n), gpt2(t)
	for name, c := range map[string]struct {
		tok  *bpe.Tokenizer
		text string
	}{
		"gpt2":          {classic, text},
		"gpt2, no utf8": {classic, text[1:] + "\xff\xc0\x80" + text[:3]},
		"qwen":          {qwen(t), norm.NFC.String(text)},
	} {
		t.Run(name, func(t *testing.T) {
			ids := c.tok.Encode(c.text)
			if got := c.tok.Decode(ids); got != c.text {
				t.Errorf("%d bytes come back as %d", len(c.text), len(got))
			}
			for _, special := range []string{"<|endoftext|>", "<|im_start|>"} {
				id, ok := c.tok.Special(special)
				for _, got := range ids {
					if ok && got == id {
						t.Fatalf("text yields %s", special)
					}
				}
			}
		})
	}
}

func TestQwenNormalisesAndFindsAddedTokens(t *testing.T) {
	tok := qwen(t)
	if diff := cmp.Diff(tok.Encode("caf\u00e9"), tok.Encode("cafe\u0301")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int32{64, 151657, 65}, tok.Encode("a<tool_call>b")); diff != "" {
		t.Error(diff)
	}
	id, ok := tok.Special("<|endoftext|>")
	if !ok || id != 151643 {
		t.Errorf("<|endoftext|> is %d, %t", id, ok)
	}
	if _, ok := tok.Special("<tool_call>"); ok {
		t.Error("<tool_call> is not special")
	}
	if got := tok.Decode([]int32{64, 151643, -1, 1 << 30, 151657}); got != "a<tool_call>" {
		t.Errorf("decoded %q", got)
	}
}

// TestMarshal holds the file to what it was made from, and to itself.
func TestMarshal(t *testing.T) {
	text := mixed(1 << 14)
	tokenizers := map[string]*bpe.Tokenizer{"smollm": small(t, bpe.SmolLM), "llama": small(t, bpe.Llama3), "small gpt2": small(t, bpe.GPT2)}
	if !testing.Short() {
		tokenizers["gpt2"], tokenizers["qwen"] = gpt2(t), qwen(t)
	}
	for name, tok := range tokenizers {
		t.Run(name, func(t *testing.T) {
			b, err := json.Marshal(tok)
			if err != nil {
				t.Fatal(err)
			}
			again, err := bpe.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tok.Encode(text), again.Encode(text)); diff != "" {
				t.Error(diff)
			}
			b2, err := json.Marshal(again)
			if err != nil || string(b) != string(b2) {
				t.Errorf("written again, the file differs (%v)", err)
			}
			if tok.VocabSize() != again.VocabSize() {
				t.Errorf("%d ids become %d", tok.VocabSize(), again.VocabSize())
			}
		})
	}
}

func TestTinyRandomGPT2(t *testing.T) {
	tok, err := bpe.Parse(data(t, "models/tiny-random-gpt2/tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if text := "Hello,  world's 123\n"; tok.Decode(tok.Encode(text)) != text {
		t.Errorf("%q decodes to %q", text, tok.Decode(tok.Encode(text)))
	}
}

// TestHostileTextIsLinear gives texts on which a backtracking matcher, or a merge by repeated scans, would take hours.
func TestHostileTextIsLinear(t *testing.T) {
	n := 1 << 20
	if testing.Short() {
		n = 1 << 14
	}
	tokenizers := map[string]*bpe.Tokenizer{"gpt2": gpt2(t), "qwen": qwen(t)}
	for _, unit := range []string{" ", "a", "\n ", " \n", "'", "\u00a0", "<|", "1", "\u0300", "<", "a\u0301", "\xff"} {
		text := strings.Repeat(unit, n/len(unit)) + "x"
		for name, tok := range tokenizers {
			start := time.Now()
			ids := tok.Encode(text)
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%s: %q took %v", name, unit, d)
			}
			if got := tok.Decode(ids); got != text && name != "qwen" {
				t.Errorf("%s: %q does not come back", name, unit)
			}
		}
	}
}

// small makes a vocabulary of bytes and a few merges.
func small(t testing.TB, pre bpe.Pretokenizer) *bpe.Tokenizer {
	t.Helper()
	tok, err := bpe.New(smallVocabulary(pre))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func smallVocabulary(pre bpe.Pretokenizer) bpe.Vocabulary {
	v := bpe.Vocabulary{Pre: pre, Added: []bpe.Added{{ID: 300, Text: "<eos>", Special: true}, {ID: 301, Text: "<tool>"}}}
	next := rune(0x100)
	for b := range rune(256) {
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad {
			v.Tokens, next = append(v.Tokens, string(next)), next+1
		} else {
			v.Tokens = append(v.Tokens, string(b))
		}
	}
	v.Merges = [][2]string{{"a", "b"}, {"b", "c"}, {"ab", "c"}, {"Ġ", "a"}}
	v.Tokens = append(v.Tokens, "ab", "bc", "abc", "Ġa")
	return v
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*bpe.Vocabulary){
		"unknown pre-tokenizer":     func(v *bpe.Vocabulary) { v.Pre = "bert" },
		"same token twice":          func(v *bpe.Vocabulary) { v.Tokens = append(v.Tokens, "a") },
		"merge makes no token":      func(v *bpe.Vocabulary) { v.Merges = append(v.Merges, [2]string{"c", "c"}) },
		"merge twice":               func(v *bpe.Vocabulary) { v.Merges = append(v.Merges, v.Merges[0]) },
		"special reached by merges": func(v *bpe.Vocabulary) { v.Added[0] = bpe.Added{ID: 258, Text: "abc", Special: true} },
		"special is a byte":         func(v *bpe.Vocabulary) { v.Added[0] = bpe.Added{ID: 'a', Text: "a", Special: true} },
		"added takes an id":         func(v *bpe.Vocabulary) { v.Added[0].ID = 'a' },
		"two added share an id":     func(v *bpe.Vocabulary) { v.Added[1].ID = 300 },
		"added twice":               func(v *bpe.Vocabulary) { v.Added[1].Text = "<eos>" },
		"added without text":        func(v *bpe.Vocabulary) { v.Added[1].Text = "" },
		"negative id":               func(v *bpe.Vocabulary) { v.Added[1].ID = -1 },
		"vast id":                   func(v *bpe.Vocabulary) { v.Added[1].ID = 1 << 30 },
	} {
		v := smallVocabulary(bpe.GPT2)
		change(&v)
		if _, err := bpe.New(v); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: got %v, want EInvalid", name, err)
		}
	}
}

func TestText(t *testing.T) {
	tok := small(t, bpe.GPT2)
	text, err := bpe.NewText(tok, 300, 300)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"<eos>": true, "<doc>": true, "<rev>": false, "<ask>": false} {
		if id, ok := text.Special(name); ok != want || ok && id != 300 {
			t.Errorf("%s is %d, %t", name, id, ok)
		}
	}
	for _, ids := range [][2]int32{{300, 302}, {-1, 300}, {300, 'a'}, {301, 300}} {
		if _, err := bpe.NewText(tok, ids[0], ids[1]); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%v: %v, want EInvalid", ids, err)
		}
	}
	one, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := json.Marshal(tok); err != nil || string(one) == string(other) {
		t.Errorf("the ids are no part of the JSON (%v)", err)
	}
}

func TestParseRefusesByName(t *testing.T) {
	good, err := json.Marshal(small(t, bpe.Qwen2))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"type":"BPE"`, `"type":"WordPiece"`, "WordPiece"},
		{`"normalizer":null`, `"normalizer":{"type":"NFKC"}`, "NFKC"},
		{`"dropout":0`, `"dropout":0.1`, "dropout"},
		{`"byte_fallback":false`, `"byte_fallback":true`, "Prepend and Replace"},
		{`"end_of_word_suffix":""`, `"end_of_word_suffix":"@"`, "end_of_word_suffix"},
		{`"add_prefix_space":false,"trim_offsets":false,"use_regex":false}]`, `"add_prefix_space":true,"use_regex":false}]`, "add_prefix_space"},
		{`\\p{N}|`, `\\p{N}{1,2}|`, `{1,2}`},
		{`"post_processor":null`, `"post_processor":{"type":"RobertaProcessing"}`, "RobertaProcessing"},
		{`"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"Metaspace"`, "Metaspace"},
		{`"lstrip":false,"rstrip":false,"normalized":false,"special":false`, `"lstrip":true,"special":false`, "lstrip"},
		{`"type":"Split"`, `"type":"Metaspace"`, "Metaspace"},
		{`"version":"1.0"`, `"version":"2.0"`, "2.0"},
		{`["a","b"]`, `["a","b","c"]`, "no pair"},
		{`["a","b"]`, `"ab"`, "no space"},
		{`"a":97`, `"a":98`, "98"},
	} {
		b := strings.Replace(string(good), c.old, c.new, 1)
		if b == string(good) {
			t.Errorf("%s is not in the file", c.old)
			continue
		}
		_, err := bpe.Parse([]byte(b))
		if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want EInvalid naming %s", c.new, err, c.want)
		}
	}
}
