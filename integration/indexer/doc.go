// Package indexer keeps a collection's adapters in step with its documents: it walks a perk.Source, writes every new or changed
// document into an adapter through the plugin, and removes the adapters of documents that are gone.
//
// # Main types
//
//   - Module: the part of the plugin that the indexer needs.
//   - Indexer: Run makes one pass; Follow keeps at it, with Notify for hints of a change hook, Pause, Resume and RetryFailed.
//   - Fleet: an Indexer for each collection that a Catalogue names; it takes up new collections and clears dropped ones.
//   - State, Standing: one document: pending, encoding, ready, stale or failed. Overview: a collection's counts. Failure: a failed document and why.
//   - Status: how far a pass has come, for a progress bar. Report: what a pass did.
//   - Changes, Census: what a source may offer to spare whole passes. Limits: how much of the time encoding may take.
//
// # What is kept, and where
//
// The truth is the source's texts and the stored adapters: which document is pending, ready or stale follows from these two (Indexer.Standing) and
// is written down nowhere, so that it cannot be wrong. Beside the adapters (Module.SetMeta) lie what does not follow from them: an interrupted pass's
// cursor ("index/COLLECTION"), the failed documents with their reasons ("failed/..."), what people asked for ("control/...": paused, retry), and the last
// Overview, for other programs ("overview/..."). Hints are a means to be quick and are kept in memory only: what a crash or a full queue loses, the next
// whole pass finds, and Follow begins with one.
//
// # How a pass works
//
// One goroutine scans the source, Options.Workers goroutines encode, and a ledger saves the cursor of the longest prefix of the scan whose
// documents are all dealt with. A pass that was interrupted, by Ctrl-C, a crash, a plugin or a
// database that stayed away, goes on from that cursor when Options.Resume is set, and a
// whole pass follows, for what was written behind the cursor. An unchanged document (content hash of its adapter) is
// skipped. A document that cannot be encoded (empty, not UTF-8, too long) is put on the list of failures and the pass goes on; every pass that
// starts from the beginning tries it again. Something that is away (perk.EUnavailable) is tried again with growing pauses.
//
// A document is worked on by one goroutine at a time. A text that was read more than a few seconds before its encode may begin, or before an adapter of it
// was written, is read again, so that an old text never replaces a newer one's adapter.
//
// # Caveats
//
//   - Adapters are removed only after a scan came to its end, or on a hint, and only when Source.Document says of each that the document is not found. An
//     unreadable or inactive part of the source (a sleeping tenant, a file without permission) therefore never loses its adapters.
//   - Source.Scan reports the failure of one document by an error beside a Scanned with a cursor, and goes on; an error beside an empty
//     cursor is the scan's own and ends it.
//   - One source per collection: two sources that feed one collection would remove each other's adapters.
//   - Two programs that index one collection at once are safe but do the work twice.
//   - Follow keeps the ids of all documents with adapters in memory, about 150 bytes each, to count them.
package indexer
