package bpe

// Pretokenizer names the rule by which text is cut into pieces. The names are those that GGUF files use (tokenizer.ggml.pre).
type Pretokenizer string

// The known pre-tokenisers.
const (
	GPT2   Pretokenizer = "gpt-2"     // contractions; runs of letters, of digits, of others with one space before; spaces
	SmolLM Pretokenizer = "smollm"    // every digit by itself, then as GPT2
	Qwen2  Pretokenizer = "qwen2"     // letters behind any one mark, every digit by itself, newlines apart
	Llama3 Pretokenizer = "llama-bpe" // as Qwen2, digits by threes
)

// Vocabulary is what a Tokenizer is made of.
type Vocabulary struct {
	Tokens []string    // by id, bytes spelt as GPT-2 does (a space is "Ġ"); "" where there is none
	Merges [][2]string // left and right token of each merge, the first to merge first
	Added  []Added     // in any order; an id may lie beyond Tokens, or Tokens may hold the same text there
	Pre    Pretokenizer
	NFC    bool // bring text to Unicode's composed form first
	Whole  bool // a piece that is a token needs no merges ("ignore_merges")
}

// Added is a token whose text is not made by merges. Text is cut at those that are not special.
type Added struct {
	ID         int32
	Text       string
	Special    bool // Encode never yields it, Decode drops it
	Normalized bool // looked for behind the normalisation instead of before it
}

const (
	maxID    = 1 << 20 // ids of published vocabularies stay below 300,000
	maxAdded = 1 << 8  // bytes of an added token's text
)
