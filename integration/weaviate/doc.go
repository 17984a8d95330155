// Package weaviate makes a collection of an unmodified Weaviate server a perk.Source, and prepares collections whose queries perk answers.
// It is the only importer of weaviate-go-client.
//
// # Main types
//
//   - Client: Connect names a server; CreateCollection, Put and Delete write to it.
//   - Source: Client.Open names a collection and the text properties that make up a document's text, in order, with a blank line between.
//   - Client.Collections lists what a server has; Source.Changed lists what was written since a time, where the collection indexes it
//     (invertedIndexConfig.indexTimestamps, which is fixed when it is created); Source.Counts and Source.Names tell of deletes.
//   - RefProperty ("docRef"): the text property that holds an object's own key, "Collection/[tenant/]uuid", because a prompt of Weaviate's
//     generative module can use properties and cannot use the object's id. CheckRefs tests for it, WriteRefs adds it to an old collection.
//   - Package walk reads page by page, here and inside the server; package server starts a real Weaviate for tests and demonstrations.
//
// # Scanning
//
// Scan walks the public cursor (limit and after over REST), tenant by tenant in order of their names. A page asks for as many objects as fit
// Config.PageBytes by the mean size of the page before, and is cut off and asked again smaller at 8 times that. The cursor is "uuid" or
// "tenant/uuid". Tenants that are not active are passed over and logged, never woken.
//
// # Errors
//
// EUnavailable (server down, or failing inside), EDenied (key refused), ENotFound (no such collection, object or tenant), EInvalid (property
// missing or not text), EConflict (tenant not active).
//
// # Caveats
//
//   - Weaviate's cursor sees an object written behind it only in the next scan, and the object of the nil uuid never.
//   - An object whose docRef names another object would answer from the wrong document: Scan gives it as that document's failure.
//   - The REST interface gives all properties of an object, also those that are not asked for.
package weaviate
