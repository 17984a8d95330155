package gguf

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

const op = "gguf"

// Reader is a file whose front was read and checked; its tensors are read one by one. It may be shared by goroutines as far as the file may.
type Reader struct {
	Version  uint32
	Metadata Metadata
	Entries  []Entry // sorted by name

	file io.ReaderAt
	data int64 // where the tensors begin
}

// Entry describes one tensor of a file. Shape is row-major.
type Entry struct {
	Name  string
	Type  Type
	Shape []int

	begin, size int64 // bytes; begin from where the tensors begin
}

// Open reads the front of a file of the given size in bytes and checks all that it says of its tensors. The file is kept. Errors: EInvalid (another
// version or byte order, a tensor of another type), ECorrupt (also for failed reads).
func Open(file io.ReaderAt, size int64) (*Reader, error) {
	in := newInput(file, max(size, 0))
	r := &Reader{file: file}
	kvs, tensors, err := r.header(in)
	if err != nil {
		return nil, err
	}
	r.readMetadata(in, kvs)
	if err := r.readEntries(in, tensors); err != nil {
		return nil, err
	}
	if in.err == nil {
		in.err = r.place(int64(in.at), size)
	}
	if in.err != nil {
		return nil, corrupt(in.err)
	}
	return r, nil
}

func corrupt(err error) error {
	return perk.E(perk.ECorrupt, op, err).WithHint("the file is damaged or no GGUF file; fetch or make it again")
}

// header gives the numbers of metadata and of tensors.
func (r *Reader) header(in *input) (kvs, tensors uint64, err error) {
	magic := in.uint32("magic number")
	r.Version = in.uint32("version")
	switch {
	case in.err != nil:
		return 0, 0, corrupt(in.err)
	case magic != 'G'|'G'<<8|'U'<<16|'F'<<24:
		return 0, 0, corrupt(fmt.Errorf("the file begins with %#08x instead of GGUF", magic))
	case r.Version&0xffff == 0 && r.Version != 0:
		return 0, 0, perk.Errorf(perk.EInvalid, op, "the file is big-endian").WithHint("convert it for little-endian machines")
	case r.Version != 2 && r.Version != 3:
		return 0, 0, perk.Errorf(perk.EInvalid, op, "the file has version %d, only 2 and 3 can be read", r.Version).WithHint("convert the model again with a current llama.cpp")
	}
	tensors = in.uint64("number of tensors")
	kvs = in.uint64("number of metadata")
	return kvs, tensors, nil
}

func (r *Reader) readMetadata(in *input, n uint64) {
	if !in.has(n, 8+4+1, "metadata") {
		return
	}
	r.Metadata = Metadata{}
	for range n {
		key := in.string("a key", maxKey)
		v := in.value(in.uint32("type of a value"), 0)
		if in.err != nil {
			return
		}
		if _, twice := r.Metadata[key]; twice {
			in.fail("metadata has %q twice", key)
			return
		}
		r.Metadata[key] = v
	}
}

// readEntries reads the table of tensors. Damage is left in in.err; the error is for types that cannot be read.
func (r *Reader) readEntries(in *input, n uint64) error {
	if !in.has(n, 8+4+8+4+8, "tensors") {
		return nil
	}
	r.Entries = make([]Entry, 0, n)
	for range n {
		e := Entry{Name: in.string("a tensor's name", maxKey)}
		dims := in.uint32("number of dimensions")
		if dims < 1 || dims > 4 {
			in.fail("tensor %.80q has %d dimensions, want 1 to 4", e.Name, dims)
			return nil
		}
		e.Shape = make([]int, dims)
		for i := range dims {
			d := in.uint64("a dimension")
			if d > math.MaxInt32 {
				in.fail("tensor %.80q has a dimension of %d", e.Name, d)
			}
			e.Shape[dims-1-i] = int(d)
		}
		e.Type = Type(in.uint32("type of a tensor"))
		begin := in.uint64("offset of a tensor")
		if in.err != nil {
			return nil
		}
		t, known := e.Type.traits()
		if !known {
			return perk.Errorf(perk.EInvalid, op, "tensor %.80q is of %v, which cannot be read", e.Name, e.Type).
				WithHint("quantise the model to Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 or Q4_K and Q6_K, or keep it in F16")
		}
		size, ok := t.size(e.Shape)
		if !ok || begin > math.MaxInt64 {
			in.fail("tensor %.80q of %s has an impossible shape %v or offset %d", e.Name, t.name, e.Shape, begin)
			return nil
		}
		e.begin, e.size = int64(begin), size
		r.Entries = append(r.Entries, e)
	}
	return nil
}

// size gives the bytes of a tensor; rows must be whole blocks.
func (t traits) size(shape []int) (int64, bool) {
	row := shape[len(shape)-1]
	if row%t.elements != 0 {
		return 0, false
	}
	n := int64(row/t.elements) * int64(t.bytes)
	for _, d := range shape[:len(shape)-1] {
		if d > 0 && n > math.MaxInt64/4/int64(d)/int64(t.elements) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// place holds the tensors to alignment, to the file's size and to each other, and sorts them by name.
func (r *Reader) place(front, size int64) error {
	align, ok := r.Metadata.alignment()
	if !ok {
		return fmt.Errorf("%s is %v", alignmentKey, r.Metadata[alignmentKey])
	}
	r.data = front + padding(front, align)
	slices.SortFunc(r.Entries, func(a, b Entry) int {
		if a.begin != b.begin {
			return int(min(max(a.begin-b.begin, -1), 1))
		}
		return int(min(max(a.size-b.size, -1), 1))
	})
	end := int64(0)
	for _, e := range r.Entries {
		switch {
		case e.begin%align != 0:
			return fmt.Errorf("tensor %.80q begins at %d, no multiple of %d", e.Name, e.begin, align)
		case e.begin < end:
			return fmt.Errorf("tensor %.80q begins at %d, where another ends at %d", e.Name, e.begin, end)
		case e.size > size-r.data || e.begin > size-r.data-e.size:
			return fmt.Errorf("tensor %.80q has %d bytes from %d on, the file has %d", e.Name, e.size, e.begin, max(size-r.data, 0))
		}
		end = e.begin + e.size
	}
	slices.SortFunc(r.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i := range r.Entries {
		if i > 0 && r.Entries[i].Name == r.Entries[i-1].Name {
			return fmt.Errorf("tensor %.80q is there twice", r.Entries[i].Name)
		}
	}
	return nil
}

func padding(n, align int64) int64 { return (align - n%align) % align }

// Entry finds a tensor by name.
func (r *Reader) Entry(name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(r.Entries, name, func(e Entry, n string) int { return strings.Compare(e.Name, n) })
	if !ok {
		return Entry{}, false
	}
	return r.Entries[i], true
}

// pieceBlocks is how many blocks of a tensor Floats holds at once, besides its result.
const pieceBlocks = 1 << 12

// Floats reads a tensor, dequantised. Errors: ECorrupt (failed reads).
func (r *Reader) Floats(e Entry) ([]float32, error) {
	t, _ := e.Type.traits() // Open took it
	blocks := int(e.size / int64(t.bytes))
	out := make([]float32, blocks*t.elements)
	piece := make([]byte, min(pieceBlocks, blocks)*t.bytes)
	for at := 0; at < blocks; at += pieceBlocks {
		n := min(pieceBlocks, blocks-at)
		b := piece[:n*t.bytes]
		if k, err := r.file.ReadAt(b, r.data+e.begin+int64(at)*int64(t.bytes)); k < len(b) {
			return nil, corrupt(fmt.Errorf("read tensor %.80q: %w", e.Name, err))
		}
		for i := range n {
			t.decode(out[(at+i)*t.elements:], b[i*t.bytes:])
		}
	}
	return out, nil
}
