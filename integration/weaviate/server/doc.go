// Package server builds and runs a real Weaviate on this machine, for tests and for `make run-weaviate`.
//
// # Main types
//
//   - Build: makes the server from its Go module, once.
//   - Server: Start gives a loopback node with the module generative-ollama and nothing else; Stop ends it.
//   - Isolate: re-runs the program in a network namespace that has only a loopback device.
//
// # Caveats
//
//   - Weaviate binds its gRPC and cluster ports on all interfaces; no setting changes that. Only Isolate, which needs root on Linux, keeps
//     other machines out.
//   - A cold Build downloads 2 GB and takes minutes; the binary has 160 MB.
//   - This is a single node without redundancy, tuned for a quick start: not a way to run Weaviate in production.
package server
