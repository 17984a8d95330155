package gguf_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/gguf"
)

func vocabulary() gguf.Metadata {
	tokens := []string{"<|endoftext|>", "Ġ", "a", "b", "1", "ab", "Ġab", "<tool>", "[PAD8]"}
	return gguf.Metadata{
		"tokenizer.ggml.model":      "gpt2",
		"tokenizer.ggml.pre":        "smollm",
		"tokenizer.ggml.tokens":     tokens,
		"tokenizer.ggml.token_type": []int32{3, 1, 1, 1, 1, 1, 1, 4, 5},
		"tokenizer.ggml.merges":     []string{"a b", "Ġ ab"},
	}
}

func TestTokenizer(t *testing.T) {
	tok, err := gguf.Tokenizer(open(t, write(t, vocabulary())).Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{5, 6, 1, 4, 4, 7, 2}, tok.Encode("ab ab 11<tool>a<|endoftext|>"[:16])); diff != "" {
		t.Error(diff)
	}
	if id, ok := tok.Special("<|endoftext|>"); id != 0 || !ok {
		t.Errorf("<|endoftext|> is %d, %t", id, ok)
	}
	if got := tok.Decode([]int32{0, 6, 7}); got != " ab<tool>" {
		t.Errorf("decoded %q", got)
	}
}

// spaces is a vocabulary of SentencePiece's: special tokens, bytes, and four others.
func spaces() gguf.Metadata {
	m := gguf.Metadata{"tokenizer.ggml.model": "llama"}
	tokens, kinds, scores := []string{"<unk>", "<s>", "</s>"}, []int32{2, 3, 3}, []float32{0, 0, 0}
	for b := range 256 {
		tokens, kinds, scores = append(tokens, fmt.Sprintf("<0x%02X>", b)), append(kinds, 6), append(scores, 0)
	}
	for i, token := range []string{"▁ab", "ab", "▁", "a", "b"} {
		tokens, kinds, scores = append(tokens, token), append(kinds, 1), append(scores, -float32(i))
	}
	m["tokenizer.ggml.tokens"], m["tokenizer.ggml.token_type"], m["tokenizer.ggml.scores"] = tokens, kinds, scores
	return m
}

func TestTokenizerOfSentencePiece(t *testing.T) {
	m := spaces()
	for _, c := range []struct {
		prefix any
		want   []int32
	}{{nil, []int32{259, 259, 261, 3 + '1'}}, {true, []int32{259, 259, 261, 3 + '1'}}, {false, []int32{260, 259, 261, 3 + '1'}}} {
		if c.prefix != nil {
			m["tokenizer.ggml.add_space_prefix"] = c.prefix
		}
		tok, err := gguf.Tokenizer(open(t, write(t, m)).Metadata)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, tok.Encode("ab ab 1")); diff != "" {
			t.Errorf("prefix %v: %s", c.prefix, diff)
		}
		if got := tok.Decode(c.want); got != "ab ab 1" {
			t.Errorf("prefix %v: decoded %q", c.prefix, got)
		}
		for id, name := range []string{"<unk>", "<s>", "</s>"} {
			if got, ok := tok.Special(name); !ok || got != int32(id) {
				t.Errorf("%s is %d, %t", name, got, ok)
			}
		}
	}
	m["tokenizer.ggml.scores"] = []float32{1}
	if _, err := gguf.Tokenizer(m); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), "scores") {
		t.Errorf("got %v", err)
	}
}

func TestTokenizerRefuses(t *testing.T) {
	for key, c := range map[string]struct {
		value any
		want  string
	}{
		"tokenizer.ggml.model":      {"bert", "bert"},
		"tokenizer.ggml.pre":        {"default", "default"},
		"tokenizer.ggml.tokens":     {[]int32{1}, "tokens"},
		"tokenizer.ggml.token_type": {[]int32{1}, "token_type"},
		"tokenizer.ggml.merges":     {[]string{"ab"}, "no space"},
	} {
		m := maps.Clone(vocabulary())
		m[key] = c.value
		if _, err := gguf.Tokenizer(m); perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want EInvalid naming %s", key, err, c.want)
		}
	}
}
