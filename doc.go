// Package perk gives a document database a memory: each long document is written, by a few gradient
// steps at test time, into its own small LoRA adapter, and a question is answered by a base language model
// with that adapter loaded and the document NOT in the prompt (PERK, arXiv 2507.06415).
//
// # Vocabulary
//
//   - Document: a text with a DocumentID (collection, tenant, uuid) and a content hash.
//   - base model: a frozen language model, named by the digest of its weights and tokenizer (ModelID).
//   - Recipe: what meta-training learned about writing: initial adapter, learned rates, weighting head,
//     target modules, hyper-parameters. Its digest is a RecipeID.
//   - Adapter: what the inner loop made of one document. Its key is (DocumentID, ModelID, RecipeID), and it carries the
//     content hash of the text it was written from, so that an answer never comes from an old text.
//   - Encoder writes adapters; AdapterStore keeps them; Reasoner answers from them; Source lists documents.
//
// # The pipeline on one page
//
//	Source (integration/) -> Encoder (encoder/) -> AdapterStore (adapterstore/, Badger)
//	question -> Reasoner (reasoner/): load adapter, prompt, decode -> Answer
//
// The plugin process (plugin/) owns base model and store; hosts speak to it over go-plugin.
//
// This package holds the domain types and interfaces only; it imports nothing but the standard library.
package perk
