// Package models holds the shipped base model, reads models of every format, and keeps models side by side in a directory.
//
// # Formats
//
// Load tells a model's format by its files. perk's own has model.safetensors (the frozen base model), recipe.safetensors (what meta-training learned about writing with it) and
// tokenizer.json; `perk train` writes it. The layout of Hugging Face has config.json, safetensors and tokenizer.json (internal/hf), GGUF is one file
// (internal/ggufmodel); these may have a recipe beside them, and get recipe.Untrained's otherwise.
//
// # Main types
//
// Model is a base model, its recipe and its tokenizer, checked against each other. Nano gives the files of the shipped model "perk-nano", Path those of a folder or file.
// A Shelf is a directory of models by name: Pull fetches one from a hub, Add takes one in, Find gives its files.
//
// # The shelf
//
// Each model has a folder with a Manifest: where it came from, its identity, and the digest of each file. A model comes in a folder with a dot before its name, is loaded there
// once, and gets its name by a rename; so it is there whole or not at all, and is known to run. What an interrupted Pull fetched is kept for the next one. A recipe alone
// is a model with another one as its base, whose files are looked for there.
//
// # Caveats
//
// Of the folder perk-nano only its three files are embedded; beside them lies what they were trained with. A Model is shared by
// everything that writes and asks; nothing changes it after Load. Nothing locks a shelf: of two commands that add one name, one fails.
package models
