// Package task makes the episodes on which perk is trained and measured: a document, questions about it, accepted answers, and the
// facts that an answer rests on. It reads people's own documents and questions too, and scores answers.
//
// ByName finds a Task, and Open a Library of them with those over data sets; Task.Episode draws an Episode for Options; Foreign gives questions that a
// document cannot answer; Sample makes the sample collection of `make run`; ReadJSONL reads own documents; EM, F1 and ChanceEM score.
//
// # Tasks
//
//   - babilong-qa1, -qa2, -qa3: a bAbI story in PERK's form ("Daniel Event 4: Daniel went back to the garden."), its events in random
//     order among filler. Every question whose answer the text alone decides is kept (see lastTouch for the rule).
//   - student-recall, -relation, -aggregate: nothing but records, one a line; student-recall-filler: 2-12 records among filler.
//   - facts: things of people's daily work (orders, shifts, sensors ...), several of 1-3 types, their attributes stated in sentences of
//     many wordings or in records of many surface forms (labels, JSON, CSV, tables, logs ...), among filler or as a list. Forms: recall,
//     reverse, two-hop, cloze.
//   - facts-invented: the same of types that are drawn anew for every document, out of words of the filler, which mean nothing. With them a model learns to find what was said
//     with the words of a question, where of a few dozen types it learns these (docs/adr/0033).
//   - key-value: a JSON object of random UUIDs; asked is the value of a key.
//   - squad, hotpotqa, longgorilla, of a Library: an article of SQuAD, the paragraphs of a HotpotQA question, entries of API documentation.
//
// # What training and evaluation do not share
//
// Novels, SQuAD's articles, HotpotQA's questions and APIs: about one in five is held out, by a hash. Combinations of students' first and
// last names: one in five. Of the fact family entity types, wordings, and words made of two lists: one in five each, and evaluation uses
// no others; and three of 17 surface forms, which come in evaluation beside the others. The bAbI vocabulary is closed, so its stories
// differ by the draw only. Generated filler has one grammar. UUIDs are random.
//
// # Caveats
//
// Lengths are counted by Options.Count and are at most Options.Tokens. They reach 98% of it from 300 tokens on
// (where a document is nothing but student records: 512); below that a whole sentence or record may be more than the gap. key-value
// lacks up to a pair, and the tasks over data sets consist of whole paragraphs, as many as fit and the data have. An episode depends on the
// rng, the options and the count function alone. This package knows no tokenizer and no model, and never logs.
package task
