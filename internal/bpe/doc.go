// Package bpe reads and runs byte-pair tokenizers of published models: byte-level ones, those of GPT-2, Qwen2, Llama 3 and SmolLM2, and SentencePiece's, those of Llama 2, TinyLlama and
// Mistral.
//
// Parse reads a tokenizer.json; New builds a Tokenizer from a Vocabulary that came from elsewhere, such as the metadata of a GGUF file.
// Encode and Decode map text to ids and back, MarshalJSON writes a tokenizer.json that Parse and other programs read.
//
// # Sources
//
// The file format is that of Hugging Face tokenizers (https://huggingface.co/docs/tokenizers/components); the algorithm, the spelling of bytes as
// letters and the first pre-tokeniser are those of GPT-2 (Radford et al. 2019, encoder.py). Text goes the way it goes there: cut at
// added tokens, normalised (NFC, where the file asks for it), cut into pieces, and each piece merged, the earliest learned pair first.
//
// # Pieces
//
// A pre-tokeniser is one of the known ones, told by its regular expression. They look ahead, which Go's regexp cannot, and engines that
// can go back and forth without bound; so the scanners here are written by hand, and each looks at a character a bounded number of times.
// Merging a piece of n bytes takes O(n log n).
//
// SentencePiece (Kudo and Richardson, arXiv 1808.06226) spells spaces "▁", puts one before the text, and merges characters; what has no token is bytes. It knows no pieces, but where no token goes
// on into the next word a text can be cut there without a change. Its models tell by scores what merges first; ScoredMerges makes a list of merges of them, so that one
// vocabulary is the same whatever file it came in.
//
// # Caveats
//
// Encode never yields a special token, whatever the text says, and adds none at the ends: a post-processor is checked and left out. Added tokens that are not special
// (such as <tool_call> of Qwen) are matched, as the model saw them. Decode drops special tokens and gives the bytes of the others, which are valid UTF-8 only
// where the ids' are. Decode(Encode(s)) == s for any s, with two exceptions. A byte that the vocabulary lacks is dropped: SmolLM2 has no tokens for six control
// characters, for the first bytes of unassigned planes, and for bytes that UTF-8 never has. (Others put the special token for the unknown there.)
// And a vocabulary that normalises gives the NFC of s, in which the library that does it, golang.org/x/text, breaks runs of more than 30
// combining marks by U+034F. With SentencePiece U+2581 comes back as a space, and so does a text's own first space get lost where none is put before it. Files with anything else (byte fallback without
// all bytes, dropout, other normalisers and pre-tokenisers) are refused by name. A Tokenizer is safe for concurrent use; its cache of pieces is bounded.
package bpe
