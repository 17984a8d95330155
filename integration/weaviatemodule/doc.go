// Package weaviatemodule is perk as a module inside a Weaviate server: `_additional { perk }` on every class, `generate` from adapters, HTTP handlers
// under /v1/modules/perk/, and adapters that follow the database's writes.
//
// Weaviate has no way to load a module from outside. The server is therefore generated from Weaviate's own Go module (internal/rehost, `make
// weaviate`); its package rest calls Register, Watch and Start.
//
// # Main types
//
//   - Register: puts the modules "perk" and "generative-perk" into a server where ENABLE_MODULES names them.
//   - Watch: wraps the database so that every put, merge, delete and batch is seen.
//   - Start: begins the work that needs a database.
//   - Module: the module. It is the go-plugin host of the perk plugin process, or uses that of another node on the same data directory.
//
// # What holds
//
//   - An answer comes only from an adapter that was written from the object's present text: the content hash of the very object that a query found, or
//     that was read for the question, goes with every question. Otherwise the hit says "pending", "encoding", "stale" or "failed", with a reason.
//   - Whoever may not read an object gets no answer about it: queries return only what Weaviate's authoriser lets through, and the HTTP handlers and
//     the look-up by content ask it themselves.
//   - All hits of a query are asked in one call, at most PERK_QUERY_ADAPTERS of them, for at most PERK_QUERY_DEADLINE; the others say why they have
//     no answer.
//   - A write never fails or waits because of perk.
//
// # Caveats
//
//   - Weaviate leaves the tenant out of the hits of nearText and hybrid queries. Without the argument tenant such a hit is answered from an adapter of
//     the same collection, uuid and text in a tenant that the caller may read; it is the same adapter whatever the tenant.
//   - `generate` gets properties without the object's key. It answers from an adapter of a text with the same hash, of a document that the caller may read.
//   - Servers that share a PERK_HOME are nodes of one cluster, on one machine. Each makes its own passes; what one has written the others find unchanged.
//   - The hook sees the writes that this node received. Writes of other nodes, dropped tenants and expired objects are found by the next pass.
package weaviatemodule
