// Package study measures everything that docs/results states: accuracy over length, position and distractors, ablations, adapter sizes, costs and
// controls.
//
// # Main types
//
// Plan lists the studies, each a list of Cells: one figure each, with all that it depends on. Run measures the cells that a folder does not hold yet
// and keeps each as a line of cells.jsonl, synced before the next begins, under the hash of the cell and of the models that it was measured
// with; so a killed run loses the running cell at most, and other weights are measured anew. Write makes results.json, RESULTS.md and the plots from the cells that are there.
//
// Configs gives the training configurations of the ablations; Run takes their models from Options.Variants where they were trained.
//
// # Caveats
//
// Accuracies depend on the cell, models and corpus alone; seconds and bytes of memory are this machine's, with whatever else runs on it.
// Intervals are Wilson's for independent questions; up to PerDocument questions share a document, so they are somewhat narrow where documents differ much.
// One process at a time may measure into a folder.
package study
