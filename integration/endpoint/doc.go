// Package endpoint answers questions about documents over the protocols that other programs speak: Ollama's and OpenAI's for their clients and for Weaviate's
// modules generative-ollama and generative-openai, and those of Weaviate's qna-transformers (its `ask`) and text2vec-transformers (a hook on writes).
//
// # Main types
//
//   - Handler: POST /api/generate, /api/chat, /api/show, GET /api/tags, /api/version (Ollama); POST /v1/chat/completions, GET /v1/models (OpenAI);
//     POST /answers/ and /vectors, GET /.well-known/ready and /meta (Weaviate's modules).
//   - Listen, Serve: the listener (loopback unless a key is set) and a server that ends gracefully.
//
// # The prompt
//
// A prompt names its document by a key, the rest is the question:
//
//	[[perk:Collection/uuid#signature]] Which city does the river reach?
//	[[perk:Collection/tenant/uuid#signature]] ...
//
// In Weaviate: generate(singleResult: {prompt: "[[perk:{docRef}]] question"}), where docRef is a text property that holds the object's own key. In
// a chat the keys may stand in any user message; those of the latest message that has some count, and the last user message is the question. System messages have no
// meaning here and are passed over.
//
// A prompt may hold several keys, or be Weaviate's groupedResult with properties: ["docRef"]. Each document is then asked for itself, all in one call of the
// plugin, and the reply has a line for each: its answer, or in brackets the reason why there is none (pending, stale, over the limit, too late).
//
// # Who may ask
//
// Sources is the allow-list of collections. A key is signed (package docref), so that who cannot read an object cannot name it; Options.Unsigned takes bare ids.
// Without Options.Key only requests to an IP address or localhost are answered, so that no page in a browser can come in by a host name of its own. With it, each
// request needs "Authorization: Bearer KEY". Weaviate's modules cannot send that header: give them the endpoint "http://host:port/key/KEY". That address is
// readable by whoever can read Weaviate's schema.
//
// # Never from an old adapter
//
// Before each answer the document's present text is read from its Source, and its hash goes along with the question:
//
//	503 "pending: ..."      the document has no adapter yet
//	409 "stale: ..."        its adapter was written from another text
//	404 "not found: ..."    the document was deleted, or its collection is not served
//	403 "forbidden: ..."    the key is not signed, or not rightly
//	504 "late: ..."         not answered within Options.Deadline
//	503 "unavailable: ..."  the source cannot be asked now, or the plugin is away
//	409 "conflict: ..."     the document's tenant is not active
//	400 "invalid: ...", 401 "denied: ...", 500 "corrupt: ..." (a damaged adapter) and "internal: ..."
//
// An answer of too small a confidence is replaced by the text "not in this document"; its own text stands in the reply's field "perk" as "refused". The smallest
// confidence is the request's option min_confidence (0: answer always), else Options.MinConfidence, else the recipe's.
//
// # Caveats
//
//   - Decoding is greedy unless the request sets a temperature. Mapped options: temperature, num_predict or max_tokens, top_k, top_p, seed, stop; min_confidence is
//     ours. Others are ignored, as the originals do; images, tools, suffix and formats are refused.
//   - Streams carry what the reasoner emits: token by token where no smallest confidence is set, else the whole answer in one piece at its end.
//   - Weaviate shows an error beside the object in GraphQL; over gRPC one object's error fails the whole search.
//   - /answers/ gives "no answer" where Ollama's calls give an error, because Weaviate's `ask` would fail as a whole; the log has the reason. It is asked with one
//     property: ask.properties: ["docRef"], or the one text property whose text is the document. Weaviate joins several in random order.
//   - /vectors is asked before the object is stored, and with its text only: a hint reaches the indexer where docRef is among the vector's properties. It takes hints from
//     anybody who passes the key; a hint makes perk look, nothing else.
//   - A reply carries a field "perk" (or "perk_documents"), beyond the original's, with the recalled facts and where the document has them, the answer's
//     probability and confidence, and the adapter's digests.
package endpoint
