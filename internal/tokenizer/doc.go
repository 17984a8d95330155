// Package tokenizer is perk's own byte-level byte-pair encoding: small, deterministic, fast.
//
// Train learns a vocabulary from a corpus, Tokenizer.Encode and Decode map text to ids and back, MarshalJSON and Parse
// keep it in a file.
//
// # Vocabulary
//
// Ids 0..7 are the special tokens <eos> <doc> <rev> <ask> <support> </support> <output> </output>,
// the next 256 ids are the bytes, the rest are merges in the order in which they were learned. Every byte has a token,
// so Decode(Encode(s)) == s for any s, valid UTF-8 or not.
//
// # Pieces
//
// Text is first cut into pieces, and merges never cross a piece's border: a run of ASCII letters with one leading space where
// there is one; an English contraction ('s, 't, 'll); ONE digit, whose leading space is a piece of its own, so that a number
// has the same tokens wherever it stands; a run of one punctuation mark repeated, with a leading space where there is one; one newline; a
// run of spaces; a run of bytes >= 0x80; one control byte. Because a piece never depends on what comes before it, the
// tokens of two sentences joined by a space are the tokens of the first followed by the tokens of " " + the second, where the
// first does not end in a space and the second does not start with one.
//
// # Caveats
//
// Special tokens are added by callers as ids: Encode never yields one, whatever the text says, and Decode drops them. A Tokenizer
// is safe for concurrent use; its cache of pieces is bounded.
package tokenizer
