// Package indexer keeps a collection's adapters in step with its documents: it walks a perk.Source, writes every new or changed
// document into an adapter through the plugin, and removes the adapters of documents that are gone.
//
// # Main types
//
//   - Module: the part of the plugin that the indexer needs.
//   - Indexer: Run makes one pass, Watch repeats it.
//   - Status: how far a pass has come, for a progress bar. Report: what a pass did.
//
// # How a pass works
//
// One goroutine scans the source, Options.Workers goroutines encode, and a ledger saves the cursor of the longest prefix of the scan whose
// documents are all dealt with (Module.SetMeta, key "index/COLLECTION"). A pass that was interrupted, by Ctrl-C, a crash, a plugin or a
// database that stayed away, goes on from that cursor when Options.Resume is set, and a
// whole pass follows, for what was written behind the cursor. An unchanged document (content hash of its adapter) is
// skipped. A document that cannot be encoded (empty, not UTF-8, too long) is put on Report.Failed and the pass goes on; every pass that
// starts from the beginning tries it again. Something that is away (perk.EUnavailable) is tried again with growing pauses.
//
// # Caveats
//
//   - Adapters are removed only after a scan came to its end, and only when Source.Document says of each that the document is not found. An
//     unreadable or inactive part of the source (a sleeping tenant, a file without permission) therefore never loses its adapters.
//   - Source.Scan reports the failure of one document by an error beside a Scanned with a cursor, and goes on; an error beside an empty
//     cursor is the scan's own and ends it.
//   - One source per collection: two sources that feed one collection would remove each other's adapters.
//   - Two passes over one collection at once are safe but do the work twice.
package indexer
