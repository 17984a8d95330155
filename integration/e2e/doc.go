// Package e2e tests the main job from end to end: the perk binary, its plugin process, and a real Weaviate server on loopback, with nothing in
// place of any of them. It has no code but its tests.
//
// `make e2e` runs it; plain `go test ./...` passes it over because it builds a Weaviate server (minutes, when it is not there yet). The environment:
//
//   - PERK_E2E=1 switches it on.
//   - PERK_BIN names the perk binary; unset: ./cmd/perk is built.
//
// As root on Linux everything runs in a network namespace that has only a loopback device.
//
// # What it expects of the binary
//
//	perk serve --weaviate URL [--collection NAME] --data DIR --listen HOST:PORT [--interval 0] [--unsigned-keys] [--write-refs]
//	    Serves the endpoint, also before Weaviate is there; indexes nothing by itself when --interval is 0; ends with status 0 on SIGTERM. The
//	    plugin is its child process.
//	perk index --weaviate URL --collection NAME --data DIR --json
//	    One pass, through the running server of the same --data. The last line of standard output is an indexer.Report as JSON.
//	perk adapter ls --data DIR --json
//	    The adapters' descriptions (perk.AdapterInfo), as JSON objects one after the other or as one array.
package e2e
