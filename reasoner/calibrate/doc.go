// Package calibrate fits the confidence of a model's answers on documents of its own making.
//
// # Main types
//
// Ask writes generated documents into adapters, asks each about itself and about the other documents, and gives an Answer for every question: what decoding told
// about it, and whether it was right. Fit makes a confidence.Calibration of the answers to questions of the training split; Judge sums answers up by task.
//
// # Caveats
//
// As many questions are asked that the document does not answer as others; a confidence holds for such a mixture. The document of a foreign question is one of the same
// kind, which is the hard case: its form fits, only the key is missing. The same model, options and seed give the same calibration, whatever
// the number of threads.
package calibrate
