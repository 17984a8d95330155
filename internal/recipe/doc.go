// Package recipe holds what meta-training learned about writing documents into adapters, and the words in which documents are
// written and questions asked. It lies below encoder, encoder/meta and reasoner, which never import each other.
//
// # Main types
//
// A Recipe has the initial adapter, the learned rates, the weighting head, the target modules and the hyper-parameters of the
// inner loop. Marshal gives its safetensors bytes; Parse reads them back. Their SHA-256, taken without the calibration, is the perk.RecipeID. A
// Weighting says how much each token counts in the write. A Prompt lays out question and answer; Specials are the ids of the special tokens.
//
// # File format
//
// One safetensors file: the metadata key "perk.recipe" holds everything that is not a tensor as canonical JSON (fixed field order, no
// white space); tensors are init.<module>.A (rank, in), init.<module>.B (out, rank), rates (steps, tensors), and, when the
// recipe weighs tokens, weight.w1 (hidden, 2 dim), weight.b1 (hidden), weight.w2 (hidden), weight.b2 (1). All are float32.
// A second metadata key, "perk.calibration", holds a confidence.Calibration as JSON. It may be missing: answers then have their probability for
// their confidence, and no answer is taken for "not in this document".
//
// # Caveats
//
// The bytes without the calibration are the identity: two recipes that differ in the last bit of a tensor have different ids, and their adapters are
// not interchangeable. A Recipe is read-only once it is in use; nothing here locks.
package recipe
