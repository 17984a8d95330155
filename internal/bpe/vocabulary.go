package bpe

// Pretokenizer names the rule by which text is cut into pieces. The names are those that GGUF files use (tokenizer.ggml.pre).
type Pretokenizer string

// The known pre-tokenisers.
const (
	GPT2   Pretokenizer = "gpt-2"     // contractions; runs of letters, of digits, of others with one space before; spaces
	SmolLM Pretokenizer = "smollm"    // every digit by itself, then as GPT2
	Qwen2  Pretokenizer = "qwen2"     // letters behind any one mark, every digit by itself, newlines apart
	Llama3 Pretokenizer = "llama-bpe" // as Qwen2, digits by threes
	// SentencePiece spells spaces "▁" and merges characters, those without a token byte by byte; a piece is as long as merges may reach. GGUF files tell it by
	// tokenizer.ggml.model.
	SentencePiece Pretokenizer = "sentencepiece"
)

// Prefix says where SentencePiece puts a space before a text. With any but NoPrefix, Decode takes a space away from the beginning.
type Prefix string

// The kinds of prefix. Stretches are what lies between added tokens.
const (
	NoPrefix     Prefix = ""
	PrefixAll    Prefix = "all"    // before every stretch
	PrefixAlways Prefix = "always" // before every stretch that does not begin with a space
	PrefixFirst  Prefix = "first"  // before the text, where it does not begin with a space
)

// Vocabulary is what a Tokenizer is made of.
type Vocabulary struct {
	Tokens []string    // by id, bytes spelt as GPT-2 does (a space is "Ġ"), or as SentencePiece does ("▁" a space, "<0x0A>" a byte); "" where there is none
	Merges [][2]string // left and right token of each merge, the first to merge first
	Added  []Added     // in any order; an id may lie beyond Tokens, or Tokens may hold the same text there
	Pre    Pretokenizer
	Prefix Prefix // SentencePiece only
	NFC    bool   // bring text to Unicode's composed form first
	Whole  bool   // a piece that is a token needs no merges ("ignore_merges")
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
