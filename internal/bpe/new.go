package bpe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/pieces"
)

// New builds a tokenizer; it keeps v, which must not be changed afterwards. Errors: EInvalid for a vocabulary that contradicts itself or could yield a
// special token from text.
func New(v Vocabulary) (*Tokenizer, error) {
	t, err := build(v)
	if err != nil {
		return nil, invalid("bpe.New", err)
	}
	return t, nil
}

func invalid(op string, err error) error {
	return perk.E(perk.EInvalid, op, err).WithHint("use the tokenizer of GPT-2, Qwen2, Llama 2 or 3 or SmolLM2, or a model that has such a one")
}

func build(v Vocabulary) (*Tokenizer, error) {
	if !slices.Contains([]Pretokenizer{GPT2, SmolLM, Qwen2, Llama3, SentencePiece}, v.Pre) {
		return nil, fmt.Errorf("pre-tokenizer %q is not known", v.Pre)
	}
	if v.Pre == SentencePiece && (v.NFC || v.Whole) || v.Pre != SentencePiece && v.Prefix != NoPrefix {
		return nil, fmt.Errorf("pre-tokenizer %q does not go with NFC, ignore_merges or prefix %q", v.Pre, v.Prefix)
	}
	if len(v.Tokens) > maxID {
		return nil, fmt.Errorf("%d tokens, at most %d are allowed", len(v.Tokens), maxID)
	}
	size := len(v.Tokens)
	for _, a := range v.Added {
		if a.ID < 0 || a.ID >= maxID {
			return nil, fmt.Errorf("added token %.80q has id %d, want 0 to %d", a.Text, a.ID, maxID-1)
		}
		size = max(size, int(a.ID)+1)
	}
	t := &Tokenizer{
		v:        v,
		bytes:    make([]string, size),
		kinds:    make([]kind, size),
		ranks:    make(map[pair]int32, len(v.Merges)),
		merges:   make([]merge, len(v.Merges)),
		specials: map[string]int32{},
	}
	t.cache = pieces.NewCache(t.merge)
	there := 0 // ids may have gaps, which must not cost a map's slots
	for _, token := range v.Tokens {
		if token != "" {
			there++
		}
	}
	ids := make(map[string]int32, there)
	for id, token := range v.Tokens {
		if token == "" {
			continue
		}
		if other, taken := ids[token]; taken {
			return nil, fmt.Errorf("tokens %d and %d are both %q", other, id, token)
		}
		ids[token], t.kinds[id] = int32(id), ordinary
	}
	if v.Pre != SentencePiece {
		t.spellLetters(ids)
	} else if err := t.spellPieces(ids); err != nil {
		return nil, err
	}
	if err := t.learn(ids); err != nil {
		return nil, err
	}
	if err := t.add(ids); err != nil {
		return nil, err
	}
	if v.Whole {
		t.whole = make(map[string]int32, len(ids))
		for id, text := range t.bytes {
			if k := t.kinds[id]; k == ordinary || k == made {
				t.whole[text] = int32(id)
			}
		}
	}
	return t, nil
}

// learn takes the merges in. Both halves and the whole must be tokens.
func (t *Tokenizer) learn(ids map[string]int32) error {
	for rank, m := range t.v.Merges {
		left, okLeft := ids[m[0]]
		right, okRight := ids[m[1]]
		id, ok := ids[m[0]+m[1]]
		if !okLeft || !okRight || !ok {
			return fmt.Errorf("merge %d of %q and %q uses or makes a token that the vocabulary lacks", rank, m[0], m[1])
		}
		p := pair{left, right}
		if earlier, taken := t.ranks[p]; taken {
			return fmt.Errorf("merge %d repeats merge %d of %q and %q", rank, earlier, m[0], m[1])
		}
		t.ranks[p], t.merges[rank], t.kinds[id] = int32(rank), merge{p, id}, made
		t.joined = t.joined || t.v.Pre == SentencePiece && joined(m[0]+m[1])
	}
	return nil
}

// add takes the added tokens in.
func (t *Tokenizer) add(ids map[string]int32) error {
	seen := make(map[string]bool, len(t.v.Added))
	for _, a := range t.v.Added {
		switch old, inVocabulary := ids[a.Text]; {
		case a.Text == "" || len(a.Text) > maxAdded:
			return fmt.Errorf("added token %d has %d bytes, want 1 to %d", a.ID, len(a.Text), maxAdded)
		case seen[a.Text]:
			return fmt.Errorf("added token %q is there twice", a.Text)
		case inVocabulary && old != a.ID:
			return fmt.Errorf("added token %q has id %d, in the vocabulary %d", a.Text, a.ID, old)
		}
		seen[a.Text] = true
		switch k := t.kinds[a.ID]; {
		case k == added || k != none && t.v.Tokens[a.ID] != a.Text:
			return fmt.Errorf("added token %q has id %d, which another token has", a.Text, a.ID)
		case k == made && a.Special:
			return fmt.Errorf("special token %q is a byte or made by a merge, so that text could yield it", a.Text)
		}
		t.kinds[a.ID] = added
		switch {
		case a.Special:
			t.specials[a.Text], t.bytes[a.ID] = a.ID, ""
			continue
		case a.Normalized && t.v.Pre == SentencePiece:
			return fmt.Errorf("added token %q is looked for behind the normalisation, which is not supported", a.Text)
		case a.Normalized && t.v.NFC:
			t.after.put(a)
		default:
			t.before.put(a)
		}
		t.bytes[a.ID] = strings.Clone(a.Text)
	}
	return nil
}
