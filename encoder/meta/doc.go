// Package meta meta-trains: it learns a base model and the Recipe by which the encoder writes, so that questions are answered from the adapter
// alone (the outer loop of PERK, docs/algorithm.md). The base model may also be given and stay as it is; then the Recipe alone is learned.
//
// # Basics
//
// A Config is a whole training recipe. A Trainer makes outer steps: it draws documents with questions (internal/task), writes each document by the
// inner loop, asks, and moves base model, initial adapter, rates and weighting head against the gradient of the answers' loss through
// the writes (second order, by internal/ad). Run makes all steps with checkpoints and a log; Export gives model and recipe.
//
// # Files
//
// params.go draws the start, forward.go is the network as a graph, frozen.go what lies below it of a base model that stays as it is. One document: group.go is the program of a few sequences of the write, inner.go and rule.go
// that of an inner step, questions.go that of the questions; episode.go runs them forwards, back.go backwards (docs/adr/0007); setup.go, adapter.go and
// inputs.go are what they share. sample.go draws documents, corpus.go has the texts of the tokenizer, pretrain.go and trainer.go make the steps; run.go,
// checkpoint.go, plot.go and export.go are what is around it.
//
// A Reader trains the baselines: reader.go its steps, reader_sample.go its prompts, reader_program.go the program of one.
//
// # Caveats
//
// Only the architecture "nano" trains from nothing. With a frozen base model of any architecture, internal/lm runs the layers below the lowest adapted one, once a document, and
// only those above are in graphs: adapt few top layers. Memory does not grow with the document, time does linearly: each inner step runs every sequence forwards once, and
// those that the outer gradient goes through once more on the way back. Training is the same bit for bit whatever the number of workers on one kind of
// machine; kernels of another vector width round differently.
package meta
