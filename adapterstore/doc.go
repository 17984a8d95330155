// Package adapterstore keeps adapters durably in Badger: an adapter is served whole or not at all.
//
// # Types
//
// Store implements perk.AdapterStore; Open makes one on a directory that one process holds at a time. Beside adapters it keeps
// small values of its callers (Meta, SetMeta: an indexer's cursor), and is its own doctor: Verify, GC, Backup, Restore.
//
// # Layout
//
//	f                                                -> format of the store
//	a collection 0 tenant 0 uuid 0 model(32) recipe(32) -> manifest: the adapter's description and its generation (record.go)
//	p generation(16) index(4)                        -> one part of a payload, 512 KiB by default
//	g generation(16)                                 -> payload bytes: this generation is garbage
//	m key                                            -> a caller's small value
//
// Names hold no control characters (perk.DocumentID.Validate), so a 0 ends each: keys are unambiguous, their order is that of
// (collection, tenant, uuid, model, recipe), and a collection or a document is one prefix.
//
// Put writes the parts under a fresh generation, and the manifest in the last transaction. A payload of more than three parts takes
// several transactions; the first of them names the generation as garbage, the last takes that back, so a Put that dies in the middle
// leaves nothing but named garbage. Replacing or deleting an adapter names the old generation as garbage in the same transaction.
// GC, Open, and the background collection (Options.GCPeriod) erase named garbage. Generations are never reused.
//
// # Promises
//
//   - When Put, Delete or SetMeta returns nil, the change is synced to disk (Badger's SyncWrites).
//   - Get compares sizes and SHA-256; damage is perk.ECorrupt, which names the adapter, and never touches other adapters.
//   - After Delete and a GC that returned nil, the adapter's payload bytes are in no file of the store: parts never pass through
//     Badger's value log, and GC rewrites every table and log that holds them. This does not reach file-system snapshots, journals, blocks that a
//     solid-state disk has retired, or earlier backups. The description (document name, hashes, sizes) is dropped by Badger's next compaction of
//     its key range instead, at a time that the store does not choose.
//
// # Caveats
//
//   - Everything lives in Badger's LSM tree, because only there a deleted value can be erased on demand (the newest value-log file cannot be
//     collected). The price is that compaction rewrites payloads; the gain besides erasure is one sync a transaction.
//   - Badger writes through memory maps, and a full disk kills a process that does so. Put therefore refuses with perk.ENoSpace while less than
//     Options.Reserve would stay free, room enough for Badger to rewrite tables. The check needs a Unix system, and when other programs eat up the
//     reserve the process may still die; nothing acknowledged is lost by that.
//   - GC, Restore and Close wait for calls under way and make later ones wait; a long List, Verify or Backup lets them pass between pages, so these
//     see each adapter whole but not all adapters at one instant.
//   - A damaged table may hide manifests, so that Get says perk.ENotFound and List leaves them out; Verify checks the tables as well and says so.
package adapterstore
