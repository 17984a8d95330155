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
// Of the folder perk-nano only these three files are embedded; beside them lies what they were trained with. A Model is shared by
// everything that writes and asks; nothing changes it after Load.
package models
