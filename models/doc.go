// Package models holds the shipped base model and reads models from folders.
//
// A model's folder has three files: model.safetensors (the frozen base model), recipe.safetensors (what meta-training learned about
// writing with it) and tokenizer.json. `perk train` writes such a folder.
//
// # Main types
//
// Model is a base model, its recipe and its tokenizer, checked against each other. Nano gives the files of the shipped model
// "perk-nano", Dir those of a folder; Load reads either.
//
// # Caveats
//
// The folder perk-nano is embedded in the binary as it is, so only what belongs to the model lies there. A Model is shared by
// everything that writes and asks; nothing changes it after Load.
package models
