// Package rehost makes the source of a Weaviate server that has the perk module inside, from Weaviate's own Go module.
//
// Weaviate offers no way to add a module from outside: the list of modules is written out in its package adapters/handlers/rest, which nothing but
// the server's main imports. rehost copies that package's own files and the main into a generated Go module, puts a few lines at anchors, and copies
// the perk module beside them. Everything else of Weaviate is used as it stands in the module cache: no fork, no vendoring.
//
// # Main types
//
//   - Edit: text to put at an anchor; Apply wants every anchor exactly once.
//   - Options, Generate: the whole generated module.
//
// # Caveats
//
// An anchor that a version of Weaviate has not, or has twice, is an error: the server is not generated rather than generated without its hooks.
package rehost
