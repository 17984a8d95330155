package gguf

import (
	"fmt"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
)

// Kinds of tokens in tokenizer.ggml.token_type that are not made by merges; the ordinary kind is 1.
const (
	tokenUnknown = 2
	tokenControl = 3
	tokenUser    = 4
	tokenUnused  = 5
)

// Tokenizer makes the tokenizer that a file's metadata describe, byte-level or SentencePiece's. Control tokens become special ones, user-defined tokens added ones. Files do not tell of
// normalisation: that of Qwen2's own tokenizer, NFC, is put back. Errors: EInvalid (none there, another kind, or damaged).
func Tokenizer(m Metadata) (*bpe.Tokenizer, error) {
	v, err := vocabulary(m)
	if err != nil {
		return nil, perk.E(perk.EInvalid, "gguf.Tokenizer", err).WithHint("use a model with a byte-level tokenizer, such as GPT-2, Qwen2, Llama 3 or SmolLM2, or with SentencePiece's, such as Llama 2 or TinyLlama")
	}
	return bpe.New(v)
}

func vocabulary(m Metadata) (v bpe.Vocabulary, err error) {
	switch model, _ := m.String("tokenizer.ggml.model"); model {
	case "gpt2":
		pre, _ := m.String("tokenizer.ggml.pre")
		v.Pre = bpe.Pretokenizer(pre)
		v.NFC, v.Whole = v.Pre == bpe.Qwen2, v.Pre == bpe.Llama3
	case "llama":
		v.Pre, v.Prefix = bpe.SentencePiece, bpe.PrefixAll
		if prefix, ok := m["tokenizer.ggml.add_space_prefix"].(bool); ok && !prefix {
			v.Prefix = bpe.NoPrefix
		}
	default:
		return v, fmt.Errorf("tokenizer.ggml.model is %q, only gpt2 and llama can be read", model)
	}
	tokens, ok := m["tokenizer.ggml.tokens"].([]string)
	if !ok {
		return v, fmt.Errorf("tokenizer.ggml.tokens is no array of strings")
	}
	kinds, ok := m["tokenizer.ggml.token_type"].([]int32)
	if !ok || len(kinds) != len(tokens) {
		return v, fmt.Errorf("tokenizer.ggml.token_type has %d values for %d tokens", len(kinds), len(tokens))
	}
	v.Tokens = make([]string, len(tokens))
	for id, token := range tokens {
		switch kinds[id] {
		case tokenUnknown, tokenControl, tokenUser:
			v.Added = append(v.Added, bpe.Added{ID: int32(id), Text: token, Special: kinds[id] != tokenUser})
		case tokenUnused: // rows of the embedding that no text has
		default:
			v.Tokens[id] = token
		}
	}
	if v.Pre == bpe.SentencePiece {
		scores, ok := m["tokenizer.ggml.scores"].([]float32)
		if !ok {
			return v, fmt.Errorf("tokenizer.ggml.scores is no array of numbers")
		}
		v.Merges, err = bpe.ScoredMerges(v.Tokens, scores)
		return v, err
	}
	merges, ok := m["tokenizer.ggml.merges"].([]string)
	if !ok {
		return v, fmt.Errorf("tokenizer.ggml.merges is no array of strings")
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
