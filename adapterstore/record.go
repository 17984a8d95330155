package adapterstore

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"

	"github.com/perkdb/perk"
)

// A manifest's envelope, integers little-endian:
//
//	magic "perkman" (7) | version (1) | body length (4) | body: JSON of manifest | CRC-32C of everything before it (4)
const (
	recordMagic   = "perkman"
	recordVersion = 1
	recordHeader  = len(recordMagic) + 1 + 4
	recordTrailer = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// manifest is an adapter's description and where its payload lies.
type manifest struct {
	Info       perk.AdapterInfo `json:"info"`
	Generation generation       `json:"generation"`
	PartBytes  int              `json:"part_bytes"` // size of each part but the last
	Parts      int              `json:"parts"`
}

// MarshalText writes the hexadecimal form.
func (g generation) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, g[:]), nil }

// UnmarshalText reads the hexadecimal form.
func (g *generation) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(g)) {
		return hex.ErrLength
	}
	_, err := hex.Decode(g[:], b)
	return err
}

// partSize is the size of part i in bytes.
func (m *manifest) partSize(i int) int {
	if i < m.Parts-1 {
		return m.PartBytes
	}
	return int(m.Info.Bytes - int64(m.Parts-1)*int64(m.PartBytes))
}

// encodeRecord writes the envelope. Errors: EInvalid (a value that JSON cannot hold, such as a NaN loss; too long).
func encodeRecord(m *manifest) ([]byte, error) {
	const op = "adapterstore record"
	body, err := json.Marshal(m)
	if err != nil {
		return nil, perk.E(perk.EInvalid, op, err)
	}
	b := make([]byte, 0, recordHeader+len(body)+recordTrailer)
	b = append(append(b, recordMagic...), recordVersion)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if len(b) > MaxRecord {
		return nil, perk.Errorf(perk.EInvalid, op, "the description has %d bytes, at most %d are allowed", len(b), MaxRecord)
	}
	return b, nil
}

// decodeRecord reads the envelope and checks that its parts make up its payload size. Errors: ECorrupt.
func decodeRecord(b []byte) (*manifest, error) {
	const op = "adapterstore record"
	switch {
	case len(b) < recordHeader+recordTrailer:
		return nil, perk.Errorf(perk.ECorrupt, op, "%d bytes are too few", len(b))
	case len(b) > MaxRecord:
		return nil, perk.Errorf(perk.ECorrupt, op, "%d bytes are too many", len(b))
	case string(b[:len(recordMagic)]) != recordMagic:
		return nil, perk.Errorf(perk.ECorrupt, op, "it does not begin with %q", recordMagic)
	}
	end := len(b) - recordTrailer
	if got, want := crc32.Checksum(b[:end], castagnoli), binary.LittleEndian.Uint32(b[end:]); got != want {
		return nil, perk.Errorf(perk.ECorrupt, op, "checksum is %08x, want %08x", got, want)
	}
	if v := b[len(recordMagic)]; v != recordVersion {
		return nil, perk.Errorf(perk.ECorrupt, op, "version %d is unknown, this program reads version %d", v, recordVersion)
	}
	if n := binary.LittleEndian.Uint32(b[recordHeader-4:]); int64(n) != int64(end-recordHeader) {
		return nil, perk.Errorf(perk.ECorrupt, op, "body length is %d, want %d", n, end-recordHeader)
	}
	var m manifest
	if err := json.Unmarshal(b[recordHeader:end], &m); err != nil {
		return nil, perk.E(perk.ECorrupt, op, err)
	}
	size, part := m.Info.Bytes, int64(m.PartBytes)
	if size < 1 || size > MaxPayload || part < 1 || part > MaxPayload || int64(m.Parts) != (size+part-1)/part {
		return nil, perk.Errorf(perk.ECorrupt, op, "%d parts of %d bytes cannot make %d bytes", m.Parts, m.PartBytes, size)
	}
	if err := m.Info.Key.Document.Validate(); err != nil {
		return nil, perk.E(perk.ECorrupt, op, err)
	}
	return &m, nil
}
