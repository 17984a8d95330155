package adapterstore

import (
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/rs/zerolog"

	"github.com/perkdb/perk"
)

// Limits of one adapter and one small value.
const (
	MaxPayload   = 1 << 30  // bytes of a payload
	MaxRecord    = 64 << 10 // bytes of a manifest; bounds AdapterInfo.Loss
	MaxMetaKey   = 1 << 10  // bytes
	MaxMetaValue = 64 << 10 // bytes; plugin.MaxMeta promises as much
)

// partsPerTxn parts of at most memTable/32 bytes and a manifest stay under Badger's transaction limit of 15% of the memory table.
const partsPerTxn = 3

// Options says how a store is opened. The zero value is good.
type Options struct {
	Logger        zerolog.Logger
	GCPeriod      time.Duration // time between background collections; 0: none
	Reserve       int64         // bytes of disk that Put leaves free, 0: 16 memory tables, which is what Badger may need to rewrite tables
	MemTableBytes int64         // size of Badger's memory table, at least 4 MiB, 0: 16 MiB
	PartBytes     int           // size of a payload's parts, at most MemTableBytes/32, 0: that
}

// withDefaults fills in zero fields. Errors: EInvalid.
func (o Options) withDefaults() (Options, error) {
	const op = "adapterstore.Open"
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 16 << 20
	}
	if o.Reserve == 0 {
		o.Reserve = 16 * o.MemTableBytes
	}
	if o.PartBytes == 0 {
		o.PartBytes = int(min(o.MemTableBytes/32, 512<<10))
	}
	switch {
	case o.MemTableBytes < 4<<20 || o.MemTableBytes > 256<<20:
		return o, perk.Errorf(perk.EInvalid, op, "MemTableBytes is %d, want 4 MiB to 256 MiB", o.MemTableBytes)
	case o.PartBytes < 1 || int64(o.PartBytes) > o.MemTableBytes/32 || o.PartBytes > 512<<10:
		return o, perk.Errorf(perk.EInvalid, op, "PartBytes is %d, want 1 to %d", o.PartBytes, min(o.MemTableBytes/32, 512<<10))
	case o.Reserve < 0 || o.GCPeriod < 0:
		return o, perk.Errorf(perk.EInvalid, op, "Reserve and GCPeriod must not be negative")
	}
	return o, nil
}

// badger gives Badger's settings. No compression: trained weights do not compress, and tables are then read through the page cache,
// which makes a block cache needless. The value log stays empty because every value is under the threshold. Tables are small on every level, because a
// compaction holds dozens of them in memory (docs/adr/0005).
func (o Options) badger(dir string) badger.Options {
	b := badger.DefaultOptions(dir)
	b.TableSizeMultiplier = 1
	return b.
		WithSyncWrites(true).
		WithNumVersionsToKeep(1).
		WithLogger(badgerLogger{o.Logger}).
		WithMetricsEnabled(false).
		WithMemTableSize(o.MemTableBytes).
		WithNumMemtables(2).
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(6).
		WithNumCompactors(2).
		WithNumGoroutines(2).
		WithBaseTableSize(4 << 20).
		WithBaseLevelSize(4 * o.MemTableBytes).
		WithValueThreshold(min(1<<20, o.MemTableBytes*15/100)).
		WithValueLogFileSize(1 << 20).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithChecksumVerificationMode(options.OnBlockRead)
}
