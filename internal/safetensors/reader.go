package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

// Reader is a file whose header was read and checked; its tensors are read one by one. It may be shared by goroutines as far as the file may.
type Reader struct {
	Metadata map[string]string
	Entries  []Entry // sorted by name

	file io.ReaderAt
	data int64 // where the tensors begin
}

// Entry describes one tensor of a file: DType is the format's name of its type ("BF16"), which need not be one that can be read.
type Entry struct {
	Name  string
	DType string
	Shape []int

	begin, end int64 // bytes, from where the tensors begin
}

// Open reads the header of a file of the given size in bytes and holds every tensor's type, shape and place to each other and to the size.
// The file is kept. Errors: ECorrupt, also for failed reads.
func Open(file io.ReaderAt, size int64) (*Reader, error) {
	r, err := open(file, size)
	if err != nil {
		return nil, corrupt(err)
	}
	return r, nil
}

func open(file io.ReaderAt, size int64) (*Reader, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("%d bytes are too few for a header", size)
	}
	if _, err := file.ReadAt(prefix[:], 0); err != nil {
		return nil, fmt.Errorf("read header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes does not fit a file of %d (limit %d)", n, size, maxHeader)
	}
	header := make([]byte, n)
	if _, err := file.ReadAt(header, 8); err != nil && n > 0 {
		return nil, fmt.Errorf("read header: %w", err)
	}
	meta, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, size-8-int64(n)); err != nil {
		return nil, err
	}
	r := &Reader{Metadata: meta, file: file, data: 8 + int64(n)}
	for _, e := range entries {
		r.Entries = append(r.Entries, Entry{Name: e.name, DType: e.DType, Shape: e.Shape, begin: e.Offsets[0], end: e.Offsets[1]})
	}
	slices.SortFunc(r.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return r, nil
}

// pieceBytes is what Floats holds of a file at once, besides its result.
const pieceBytes = 1 << 18

// Floats reads the tensor of an entry, widening F16 and BF16. Errors: EInvalid (another type), ECorrupt (failed reads).
func (r *Reader) Floats(e Entry) ([]float32, error) {
	decode := floats(e.DType)
	if decode == nil {
		return nil, perk.Errorf(perk.EInvalid, op, "tensor %q has type %q, only F32, F16 and BF16 can be read as floats", e.Name, e.DType).WithHint("convert the file's tensors to one of these types")
	}
	size, _ := width(e.DType)
	out := make([]float32, (e.end-e.begin)/size)
	piece := make([]byte, min(pieceBytes, e.end-e.begin))
	for at := int64(0); at < e.end-e.begin; at += pieceBytes {
		piece = piece[:min(pieceBytes, e.end-e.begin-at)]
		if err := r.read(piece, e, at); err != nil {
			return nil, corrupt(err)
		}
		decode(out[at/size:][:int64(len(piece))/size], piece)
	}
	return out, nil
}

// read fills b with the bytes of a tensor from offset at.
func (r *Reader) read(b []byte, e Entry, at int64) error {
	if _, err := r.file.ReadAt(b, r.data+e.begin+at); err != nil && len(b) > 0 {
		return fmt.Errorf("read tensor %q: %w", e.Name, err)
	}
	return nil
}
