package adapterstore

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"

	"github.com/perkdb/perk"
)

// A backup, integers little-endian: magic | frames. A frame: kind (1) | length (8) | bytes. Frames: any number of
// meta key, meta value and of manifest, payload pairs; then the end: SHA-256 of everything before it.
const (
	backupMagic = "perkbak1"

	frameMetaKey   = 'k'
	frameMetaValue = 'v'
	frameManifest  = 'a'
	framePayload   = 'p'
	frameEnd       = 'e'
)

// frameLimits bounds a frame's length.
var frameLimits = map[byte]uint64{
	frameMetaKey: MaxMetaKey, frameMetaValue: MaxMetaValue, frameManifest: MaxRecord, framePayload: MaxPayload, frameEnd: sha256.Size,
}

// backupWriter writes frames and sums them up.
type backupWriter struct {
	w   io.Writer
	sum hash.Hash
}

func newBackupWriter(w io.Writer) (*backupWriter, error) {
	b := &backupWriter{w: w, sum: sha256.New()}
	return b, b.write([]byte(backupMagic))
}

func (b *backupWriter) write(p []byte) error {
	b.sum.Write(p)
	_, err := b.w.Write(p)
	return err
}

func (b *backupWriter) frame(kind byte, data []byte) error {
	if err := b.write(binary.LittleEndian.AppendUint64([]byte{kind}, uint64(len(data)))); err != nil {
		return err
	}
	return b.write(data)
}

func (b *backupWriter) end() error { return b.frame(frameEnd, b.sum.Sum(nil)) }

// backupReader reads frames and sums them up.
type backupReader struct {
	r   io.Reader
	sum hash.Hash
}

// readBackup reads a whole backup and hands out what is in it, unverified until it returns nil. Errors: ECorrupt, and those of the callbacks.
func readBackup(r io.Reader, meta func(key string, value []byte) error, adapter func(*perk.Adapter) error) error {
	b := &backupReader{r: r, sum: sha256.New()}
	magic, err := b.read(uint64(len(backupMagic)))
	if err != nil {
		return err
	}
	if string(magic) != backupMagic {
		return damaged("it does not begin with %q", backupMagic)
	}
	for {
		sum := b.sum.Sum(nil)
		kind, data, err := b.frame()
		if err != nil {
			return err
		}
		switch kind {
		case frameMetaKey:
			value, err := b.expect(frameMetaValue)
			if err != nil {
				return err
			}
			if err := meta(string(data), value); err != nil {
				return err
			}
		case frameManifest:
			m, err := decodeRecord(data)
			if err != nil {
				return err
			}
			payload, err := b.expect(framePayload)
			if err != nil {
				return err
			}
			if err := adapter(&perk.Adapter{AdapterInfo: m.Info, Payload: payload}); err != nil {
				return err
			}
		case frameEnd:
			if string(data) != string(sum) {
				return damaged("its digest is not the one at its end")
			}
			return nil
		default:
			return damaged("unexpected frame %q", kind)
		}
	}
}

func (b *backupReader) expect(want byte) ([]byte, error) {
	kind, data, err := b.frame()
	if err == nil && kind != want {
		return nil, damaged("frame %q instead of %q", kind, want)
	}
	return data, err
}

func (b *backupReader) frame() (kind byte, data []byte, err error) {
	head, err := b.read(9)
	if err != nil {
		return 0, nil, err
	}
	kind = head[0]
	n := binary.LittleEndian.Uint64(head[1:])
	if limit, known := frameLimits[kind]; !known || n > limit {
		return 0, nil, damaged("frame %q of %d bytes", kind, n)
	}
	data, err = b.read(n)
	return kind, data, err
}

// read grows with what really comes, so that a lying length costs no memory.
func (b *backupReader) read(n uint64) ([]byte, error) {
	data, err := io.ReadAll(io.TeeReader(io.LimitReader(b.r, int64(n)), b.sum))
	if err != nil {
		return nil, perk.E(perk.EUnavailable, "adapterstore backup", err)
	}
	if uint64(len(data)) < n {
		return nil, perk.E(perk.ECorrupt, "adapterstore backup", errTruncated).WithHint("use another copy of the backup")
	}
	return data, nil
}

// errTruncated: a backup ends before its end frame.
var errTruncated = errors.New("the backup is truncated")

func damaged(format string, args ...any) error {
	return perk.Errorf(perk.ECorrupt, "adapterstore backup", "the backup is damaged: "+format, args...).WithHint("use another copy of the backup")
}
