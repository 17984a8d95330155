package gguf

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
)

// Kinds of tokens in tokenizer.ggml.token_type that are not made by merges; the ordinary kind is 1.
const (
	tokenControl = 3
	tokenUser    = 4
	tokenUnused  = 5
)

// Tokenizer makes the byte-level tokenizer that a file's metadata describe. Control tokens become special ones, user-defined tokens added ones. Files do not tell of
// normalisation: that of Qwen2's own tokenizer, NFC, is put back. Errors: EInvalid (none there, another kind, or damaged).
func Tokenizer(m Metadata) (*bpe.Tokenizer, error) {
	v, err := vocabulary(m)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "gguf.Tokenizer", err).WithHint("use a model with a byte-level tokenizer: GPT-2, Qwen2, Llama 3 or SmolLM2")
	}
	return bpe.New(v)
}

func vocabulary(m Metadata) (v bpe.Vocabulary, err error) {
	if model, _ := m.String("tokenizer.ggml.model"); model != "gpt2" {
		return v, fmt.Errorf("tokenizer.ggml.model is %q, only gpt2 can be read", model)
	}
	pre, _ := m.String("tokenizer.ggml.pre")
	v.Pre = bpe.Pretokenizer(pre)
	v.NFC, v.Whole = v.Pre == bpe.Qwen2, v.Pre == bpe.Llama3
	tokens, ok := m["tokenizer.ggml.tokens"].([]string)
	if !ok {
		return v, fmt.Errorf("tokenizer.ggml.tokens is no array of strings")
	}
	merges, ok := m["tokenizer.ggml.merges"].([]string)
	if !ok {
		return v, fmt.Errorf("tokenizer.ggml.merges is no array of strings")
	}
	kinds, ok := m["tokenizer.ggml.token_type"].([]int32)
	if !ok || len(kinds) != len(tokens) {
		return v, fmt.Errorf("tokenizer.ggml.token_type has %d values for %d tokens", len(kinds), len(tokens))
	}
	v.Tokens = make([]string, len(tokens))
	for id, token := range tokens {
		switch kinds[id] {
		case tokenControl, tokenUser:
			v.Added = append(v.Added, bpe.Added{ID: int32(id), Text: token, Special: kinds[id] == tokenControl})
		case tokenUnused: // rows of the embedding that no text has
		default:
			v.Tokens[id] = token
		}
	}
	v.Merges = make([][2]string, len(merges))
	for i, s := range merges {
		left, right, ok := strings.Cut(s, " ")
		if !ok {
			return v, fmt.Errorf("merge %d, %.80q, has no space", i, s)
		}
		v.Merges[i] = [2]string{left, right}
	}
	return v, nil
}
