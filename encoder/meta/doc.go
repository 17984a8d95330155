// Package meta meta-trains: it learns a base model and the Recipe by which the encoder writes, so that questions are answered from the adapter
// alone (the outer loop of PERK, docs/algorithm.md).
//
// # Basics
//
// A Config is a whole training recipe. A Trainer makes outer steps: it draws documents with questions (internal/task), writes each document by the
// inner loop, asks, and moves base model, initial adapter, rates and weighting head against the gradient of the answers' loss through
// the writes (second order, by internal/ad). Run makes all steps with checkpoints and a log; Export gives model and recipe.
//
// # Files
//
// params.go draws the start, forward.go is the network as a graph, inner.go the unrolled inner loop, episode.go one document's compiled
// program, sample.go and inputs.go make what goes into it, corpus.go the texts of the tokenizer, pretrain.go and trainer.go the steps, run.go, checkpoint.go,
// plot.go and export.go what is around it.
//
// # Caveats
//
// Only the architecture "nano" is meta-trained. A document is one program: memory grows with its length, so train on documents of a few thousand tokens and let
// the encoder write longer ones. Training is the same bit for bit whatever the number of workers on one kind of machine; kernels of another
// vector width round differently.
package meta
