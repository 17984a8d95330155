// Package endpoint answers questions over Ollama's HTTP API, so that whatever speaks to Ollama, first of all Weaviate's generative-ollama module,
// can ask a document's adapter.
//
// # Main types
//
//   - Handler: POST /api/generate and /api/chat; GET /api/tags, /api/version and /; POST /api/show.
//   - Listen, Serve: the listener (loopback unless a key is set) and a server that ends gracefully.
//
// # The prompt
//
// A prompt names its document by a key, the rest is the question:
//
//	[[perk:Collection/uuid]] Which city does the river reach?
//	[[perk:Collection/tenant/uuid]] ...
//
// In Weaviate: generate(singleResult: {prompt: "[[perk:{docRef}]] question"}), where docRef is a text property that holds "Collection/uuid". In
// a chat the key may stand in any user message; the latest key counts, and the last user message is the question. System messages have no
// meaning here and are passed over.
//
// A prompt with several keys, or without one (Weaviate's groupedResult), is refused with 400: an answer over several documents at once is not
// supported yet.
//
// # Never from an old adapter
//
// Before each answer the document's present text is read from its Source, and its hash goes along with the question:
//
//	503 "pending: ..."      the document has no adapter yet
//	409 "stale: ..."        its adapter was written from another text
//	404 "not found: ..."    the document was deleted, or its collection is not served
//	503 "unavailable: ..."  the source cannot be asked now, or the plugin is away
//	409 "conflict: ..."     the document's tenant is not active
//	400 "invalid: ...", 401 "denied: ...", 500 "corrupt: ..." (a damaged adapter) and "internal: ..."
//
// # Not in this document
//
// An answer of too small a confidence is replaced by the text "not in this document"; its own text stands in the reply's field "perk" as "refused". The smallest confidence is
// the request's option min_confidence (0: answer always), else Options.MinConfidence, else the recipe's.
//
// # Caveats
//
//   - Decoding is greedy unless the request sets a temperature. Mapped options: temperature, num_predict, top_k, top_p, seed, stop; min_confidence is
//     ours. Others
//     are ignored, as Ollama does; images, tools, suffix and format are refused.
//   - Whoever can reach the endpoint can ask every document of the served collections (Sources is the allow-list). Without a key only requests
//     to an IP address or localhost are answered, so that no page in a browser can come in by a host name of its own. With Options.Key set, each
//     request needs "Authorization: Bearer KEY". Weaviate's module cannot send that header: give it the endpoint
//     "http://host:port/key/KEY". That address is readable by whoever can read Weaviate's schema.
//   - Weaviate shows an error beside the object in GraphQL; over gRPC one object's error fails the whole search.
//   - A reply carries a field "perk", beyond Ollama's, with the recalled facts and where the document has them, the answer's probability and
//     confidence, and the adapter's digests.
package endpoint
