// Package engine is the plugin's module: base model, recipe and adapter store behind plugin.Module.
//
// # Main types
//
// Engine joins an encoder, a reasoner and a Badger store. Open makes one; `perk plugin` serves it.
//
// # Switching
//
// A collection that another model has answered for goes on with that model until the engine's own has written all of its documents (serving.go, docs/adr/0013).
//
// # Caveats
//
// Encodes wait for each other, because one encode uses every thread already and two at once would only double the memory. Questions
// never wait for them. One process holds a store at a time.
package engine
