// Package retrieve makes what a reader finds in its prompt: the whole document, or the passages of it that a retriever ranks highest for
// the question. Training (encoder/meta) and measuring (reasoner/eval) of the baselines share it, so that both see the same prompts.
//
// # Main types
//
// Settings is a reader's choice, part of its training configuration. A Document is one text made ready for questions: Context gives the tokens
// that stand before the question. A Ranker scores passages: BM25 by words, Cosine by the angle between TF-IDF vectors.
//
// # Layout
//
//	whole document:  <doc> document                     then <ask> question ...
//	passages:        <doc> passage ... <doc> passage    then <ask> question ..., in the order of the document
//
// # Caveats
//
// Passages are cut at sentence ends as the encoder cuts its chunks, so no passage is longer than PassageTokens and a retriever never sees half a
// fact that would fit. Words are compared in lower case, without stemming and without a list of stop words; rare words weigh more in both rankers.
package retrieve
