package gguf_test

import (
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

func TestTokenizerRefuses(t *testing.T) {
	for key, c := range map[string]struct {
		value any
		want  string
	}{
		"tokenizer.ggml.model":      {"llama", "llama"},
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
