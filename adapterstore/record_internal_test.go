package adapterstore

import (
	"bytes"
	"encoding/binary"
	"flag"
	"hash/crc32"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/adapterstore/storetest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const golden = "testdata/record_v1.golden"

func goldenManifest() *manifest {
	return &manifest{
		Info: perk.AdapterInfo{
			Key:     perk.AdapterKey{Document: perk.DocumentID{Collection: "Book", Tenant: "t1", UUID: "6f1c"}, Model: perk.Hash{1}, Recipe: perk.Hash{2}},
			Content: perk.Hash{3}, Digest: perk.Hash{4}, Bytes: 1_000_000, Tokens: 8192, Chunks: 32, Steps: 2, Loss: []float64{2.5, 0.1}, Seconds: 1.25,
			Created: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		},
		Generation: generation{5, 15: 6}, PartBytes: 512 << 10, Parts: 2,
	}
}

func TestRecordGolden(t *testing.T) {
	got, err := encodeRecord(goldenManifest())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("record is\n%q, want\n%q: stores in use would become unreadable", got, want)
	}
	m, err := decodeRecord(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(goldenManifest(), m); d != "" {
		t.Errorf("decoded (-want +got):\n%s", d)
	}
}

// seal puts a right checksum under a changed envelope.
func seal(b []byte) []byte {
	end := len(b) - recordTrailer
	binary.LittleEndian.PutUint32(b[end:], crc32.Checksum(b[:end], castagnoli))
	return b
}

func TestDecodeRecordRefuses(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"nothing":          func([]byte) []byte { return nil },
		"truncated":        func(b []byte) []byte { return b[:len(b)-1] },
		"longer":           func(b []byte) []byte { return append(b, 0) },
		"flipped":          func(b []byte) []byte { b[40] ^= 1; return b },
		"other magic":      func(b []byte) []byte { b[0] = 'q'; return seal(b) },
		"newer version":    func(b []byte) []byte { b[7] = 2; return seal(b) },
		"other length":     func(b []byte) []byte { b[8]++; return seal(b) },
		"not JSON":         func(b []byte) []byte { b[recordHeader] = 'x'; return seal(b) },
		"parts too many":   func(b []byte) []byte { return seal(bytes.Replace(b, []byte(`"parts":2`), []byte(`"parts":9`), 1)) },
		"no part size":     func(b []byte) []byte { return seal(bytes.Replace(b, []byte(`524288`), []byte(`000000`), 1)) },
		"bad document":     func(b []byte) []byte { return seal(bytes.Replace(b, []byte(`"Book"`), []byte(`"B/ok"`), 1)) },
		"bad generation":   func(b []byte) []byte { return seal(bytes.Replace(b, []byte(`"0500`), []byte(`"zz00`), 1)) },
		"far more than ok": func([]byte) []byte { return make([]byte, MaxRecord+1) },
	} {
		b, err := encodeRecord(goldenManifest())
		if err != nil {
			t.Fatal(err)
		}
		m, err := decodeRecord(change(b))
		code(t, name, err, perk.ECorrupt)
		if m != nil {
			t.Errorf("%s: gave a manifest", name)
		}
	}
	long := goldenManifest()
	long.Info.Loss = make([]float64, MaxRecord)
	_, err := encodeRecord(long)
	code(t, "long loss", err, perk.EInvalid)
}

func FuzzDecodeRecord(f *testing.F) {
	good, err := encodeRecord(goldenManifest())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, reseal(b)} {
			m, err := decodeRecord(b)
			if err != nil {
				if perk.ErrorCode(err) != perk.ECorrupt {
					t.Fatalf("code of %v", err)
				}
				continue
			}
			total := int64(0)
			for i := range min(m.Parts, 1000) {
				if m.partSize(i) < 1 || m.partSize(i) > m.PartBytes {
					t.Fatalf("part %d has %d bytes", i, m.partSize(i))
				}
				total += int64(m.partSize(i))
			}
			if m.Parts <= 1000 && total != m.Info.Bytes {
				t.Fatalf("parts make %d bytes, not %d", total, m.Info.Bytes)
			}
		}
	})
}

// reseal lets the fuzzer get past the checksum.
func reseal(b []byte) []byte {
	if len(b) < recordHeader+recordTrailer {
		return b
	}
	return seal(bytes.Clone(b))
}

func FuzzReadBackup(f *testing.F) {
	var good bytes.Buffer
	w, err := newBackupWriter(&good)
	if err != nil {
		f.Fatal(err)
	}
	a := storetest.Adapter(storetest.Key("Book", "", "a", 1, 1), 1, 100)
	record, err := encodeRecord(&manifest{Info: a.AdapterInfo, PartBytes: 100, Parts: 1})
	if err != nil {
		f.Fatal(err)
	}
	for _, fr := range []struct {
		kind byte
		data []byte
	}{{frameMetaKey, []byte("k")}, {frameMetaValue, []byte("v")}, {frameManifest, record}, {framePayload, a.Payload}} {
		if err := w.frame(fr.kind, fr.data); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.end(); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:60])
	f.Fuzz(func(t *testing.T, b []byte) {
		err := readBackup(bytes.NewReader(b), func(string, []byte) error { return nil }, func(*perk.Adapter) error { return nil })
		if got := perk.ErrorCode(err); got != "" && got != perk.ECorrupt {
			t.Fatalf("code %q of %v", got, err)
		}
		if err != nil && bytes.Equal(b, good.Bytes()) {
			t.Fatal(err)
		}
	})
}

func TestKeyOrder(t *testing.T) {
	keys := []perk.AdapterKey{ // in order
		storetest.Key("A", "", "a", 1, 1), storetest.Key("A", "", "a", 1, 2), storetest.Key("A", "", "a", 2, 0), storetest.Key("A", "", "ab", 0, 0),
		storetest.Key("A", "a", "", 0, 0), storetest.Key("A", "a", "b", 0, 0), storetest.Key("A", "aa", "b", 0, 0), storetest.Key("AA", "", "a", 0, 0),
		storetest.Key("Ä", "", "a", 0, 0),
	}
	var last []byte
	for _, k := range keys {
		b := manifestKey(k)
		if slices.Compare(last, b) >= 0 {
			t.Errorf("key of %s is not after the one before", k)
		}
		last = b
		if k.Document.UUID == "" {
			continue // orders, but is no document
		}
		got, err := parseManifestKey(b)
		if err != nil || got != k {
			t.Errorf("parse: %s, %v, want %s", got, err, k)
		}
		for cut := range b {
			if _, err := parseManifestKey(b[:cut]); err == nil {
				t.Errorf("a key cut to %d bytes was read", cut)
			}
		}
	}
}
