// Package reasoner answers questions from stored adapters: the base model decodes with the document's adapter loaded and the document not
// in the prompt.
//
// # Main types
//
// Reasoner is perk.Reasoner over one base model, one recipe and a Store. AskWith answers under a given adapter, or none: the controls of
// an evaluation. Load turns a stored payload into an adapter.
//
// # What an answer is made of
//
// The prompt is the recipe's: <ask>, the question, "Answer:". The model then writes facts that it recalls between <support> and
// </support>, each begun by <doc>, or by <rev> where its tokens are in reverse order, and the answer between <output> and </output>; or the answer
// alone. The reply ends at </output> or <eos>, at a stop string in the answer, or at the largest number of tokens.
//
// # Whether it is in the document
//
// A model may answer that the document does not answer the question, <output> <ask> (recipe.Prompt.Nothing). The mark is not shown: the next likeliest token begins the answer, and how unlikely
// it was makes the confidence small.
//
// Confidence comes from the recipe's calibration: how probable answer and recalled facts were, token by token, and whether the facts are about what the question
// asks for. Below the recipe's or the caller's smallest confidence an answer is marked NotInDocument. `perk calibrate` calibrates a recipe; with one that is
// not calibrated, confidence is the answer's probability and only the caller's smallest confidence counts.
//
// # Together
//
// Questions of all callers, about any documents, are decoded together: a token of each at a time, the base model's matrices read once for all of them. They
// join and leave at any token: first those of the caller who has the fewest among them (OneCaller), then in the order in which they came. A question leaves
// when its context ends, and gets EBusy when too many wait. Long prompts are read in blocks between the tokens of the others. An answer is the same, bit for bit, whatever is asked beside it.
//
// # Caveats
//
// Where a smallest confidence holds, an answer is emitted as a whole when it is known to stand. Facts are as recalled: whoever holds the document locates
// them (internal/locate).
//
// Loaded adapters are cached, but the store is asked for the adapter's digest at every question, so that a replaced or deleted adapter is never
// served. Concurrent questions about one document share one load, under the context of the first; when that one is cancelled another takes over.
package reasoner
