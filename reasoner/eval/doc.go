// Package eval measures answers from adapters: the real encoder and the real reasoner, in this process, on documents that the model
// never saw.
//
// # Main types
//
// Run takes a task of internal/task, or somebody's own documents with questions (Options), and gives a Result: exact match and F1 with
// the document's own adapter, with none (the base model alone), and with another document's, and what encoding and asking cost.
// Options.Readers are baselines (encoder/meta.Reader) that are asked the same questions about the same documents with the document, or passages of it, in
// the prompt; each gives a Way.
//
// # Caveats
//
// The adapter is handed from encoder to reasoner as the payload that a store would keep. Documents are encoded on one thread each, several at a time, so
// Result.SecondsEncode is a single thread's time on a machine that is busy with the other documents. A task's documents come from its evaluation split
// and depend on seed, length and filler alone. Result.Chance is measured on further documents of the same kind; for own documents on these.
package eval
