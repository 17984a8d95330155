// Package engine is the plugin's module: base model, recipe and adapter store behind plugin.Module.
//
// # Main types
//
// Engine joins an encoder, a reasoner and a Badger store. Open makes one; `perk plugin` serves it.
//
// # Caveats
//
// Encodes wait for each other, because one encode uses every thread already and two at once would only double the memory. Questions
// never wait for them. One process holds a store at a time.
package engine
