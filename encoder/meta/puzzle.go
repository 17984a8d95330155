package meta

import (
	"math/rand/v2"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/recipe"
)

// puzzles are sequences of random tokens for pretraining: has this token been here before? Behind one that has stands the mark of a fact that matches, behind one
// that has not the mark of the next fact, and these marks alone carry a loss. Comparing two recalled values needs attention that finds an earlier place of the same token
// (duplicate-token heads, arXiv 2211.00593); here a few hundred steps form it, documents do not in thousands (docs/adr/0020).
type puzzles struct {
	words      []int32 // tokens to draw from: all that stand for text
	match, new int32
}

// newPuzzles finds the tokens. Errors: EInvalid (a vocabulary that has no such marks).
func newPuzzles(tok recipe.Tokenizer, sp recipe.Specials) (*puzzles, error) {
	if len(sp.Match) != 1 || len(sp.Fact) != 1 {
		return nil, perk.Errorf(perk.EInvalid, "meta.New", "puzzles are marked by special tokens, which the vocabulary does not have").WithHint("leave puzzles out of the training configuration")
	}
	return &puzzles{words: words(tok), match: sp.Match[0], new: sp.Fact[0]}, nil
}

// words lists the tokens that stand for text.
func words(tok recipe.Tokenizer) []int32 {
	var out []int32
	for id := range int32(tok.VocabSize()) {
		if tok.Decode([]int32{id}) != "" {
			out = append(out, id)
		}
	}
	return out
}

// sequence fills tokens with label, word, mark, word, mark ...: half of the words are ones that have been there.
func (p *puzzles) sequence(rng *rand.Rand, label int32, tokens []int32) {
	tokens[0] = label
	var seen []int32
	known := map[int32]bool{}
	for i := 1; i < len(tokens); i += 2 {
		var word int32
		if len(seen) > 0 && rng.IntN(2) == 0 {
			word = seen[rng.IntN(len(seen))]
		} else {
			word = p.words[rng.IntN(len(p.words))]
		}
		mark := p.new
		if known[word] {
			mark = p.match
		}
		seen, known[word] = append(seen, word), true
		tokens[i] = word
		if i+1 < len(tokens) {
			tokens[i+1] = mark
		}
	}
}

// load fills a batch with puzzles.
func (p *puzzles) load(rng *rand.Rand, label int32, b *batch[float32]) {
	r := 0
	for from := 0; from < len(b.tokens); from += b.seq {
		p.sequence(rng, label, b.tokens[from:from+b.seq])
		for t := 2; t < b.seq; t += 2 {
			b.at[r], b.next[r], b.targets[r], b.mask[r] = int32(from+t-1), int32(from+t), b.tokens[from+t], 1
			r++
		}
	}
	b.pad(r)
}
