package bpe_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
	"github.com/perkdb/perk/internal/fuzztest"
)

// farID is the smallest file with the largest id.
const farID = `{"version":"1.0","pre_tokenizer":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":1048575},"merges":[]}}`

// FuzzParse: a file is refused or makes, within memory, a tokenizer whose ids are in its vocabulary and that survives its own file.
func FuzzParse(f *testing.F) {
	for _, pre := range []bpe.Pretokenizer{bpe.GPT2, bpe.SmolLM, bpe.Qwen2, bpe.Llama3} {
		b, err := json.Marshal(small(f, pre))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"version":"1.0","normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"ByteLevel"},"decoder":{"type":"ByteLevel"},"added_tokens":[{"id":3,"content":"<x>"}],"model":{"type":"BPE","ignore_merges":true,"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}`))
	f.Add([]byte(farID))
	spaces, err := json.Marshal(scored(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(spaces)
	f.Fuzz(func(t *testing.T, b []byte) {
		inBounds := fuzztest.Bound(t, len(b))
		tok, err := bpe.Parse(b)
		inBounds()
		if err != nil {
			if perk.ErrorCode(err) != perk.EInvalid {
				t.Fatalf("%v is not EInvalid", err)
			}
			return
		}
		const text = "ab abc's <x>12 é\n\xff"
		ids := tok.Encode(text)
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("id %d of %d", id, tok.VocabSize())
			}
		}
		out, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		again, err := bpe.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids, again.Encode(text)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzEncode: any bytes come back, and the pieces are those of the regular expressions.
func FuzzEncode(f *testing.F) {
	var tokenizers []*bpe.Tokenizer
	pres := []bpe.Pretokenizer{bpe.GPT2, bpe.SmolLM, bpe.Qwen2, bpe.Llama3}
	for _, pre := range pres {
		tokenizers = append(tokenizers, small(f, pre))
	}
	pieces := scored(f)
	for _, s := range []string{"", "▁a ▁ b", "I'LL don't\r\n  x", "  a 12345 ٣٤ \u3000b", "<tool><eos>abcabc", "\xff\xc0é '\u017f", "\n \n a", "!!\n\n ?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := pieces.Decode(pieces.Encode(text)), strings.ReplaceAll(text, "▁", " "); got != want {
			t.Fatalf("SentencePiece: %q comes back as %q", want, got)
		}
		if ids := pieces.Encode(text); !cmp.Equal(ids, bpe.Joined(pieces).Encode(text)) {
			t.Fatalf("SentencePiece: %q has other tokens as a whole than %v", text, ids)
		}
		for i, tok := range tokenizers {
			ids := tok.Encode(text)
			if got := tok.Decode(ids); got != text {
				t.Fatalf("%s: %q comes back as %q", pres[i], text, got)
			}
			for _, id := range ids {
				if id == 300 {
					t.Fatalf("%s: %q yields <eos>", pres[i], text)
				}
			}
			if want, got := slowPieces(pres[i], text), bpe.Pieces(pres[i], text); !cmp.Equal(want, got) {
				t.Fatalf("%s: %s", pres[i], cmp.Diff(want, got))
			}
		}
	})
}
