package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/safetensors"
)

const op = "torchfile"

// maxPickle bounds data.pkl, which takes up to some thirty times its bytes; that of a checkpoint with a thousand tensors has less than one MB.
const maxPickle = 8 << 20

// pieceElements is how many elements Floats reads at once.
const pieceElements = 1 << 16

// File is an open file. It may be shared by goroutines as far as the reader may.
type File struct {
	Root any

	r       io.ReaderAt
	prefix  string // of the members' names
	members map[string]*zip.File
}

// Open reads the structure of a file of the given size in bytes. The reader is kept. Errors: ECorrupt (a damaged file), EInvalid (no file of torch.save's present format).
func Open(r io.ReaderAt, size int64) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, perk.Errorf(perk.EInvalid, op, "no ZIP archive: %w", err).WithHint("give a file that torch.save of PyTorch 1.6 or later wrote")
	}
	f := &File{r: r, members: map[string]*zip.File{}}
	found := false
	for _, m := range archive.File {
		f.members[m.Name] = m
		if prefix, ok := strings.CutSuffix(m.Name, "data.pkl"); ok && !found {
			f.prefix, found = prefix, true
		}
	}
	if !found {
		return nil, perk.Errorf(perk.EInvalid, op, "the archive has no data.pkl").WithHint("give a file that torch.save of PyTorch 1.6 or later wrote")
	}
	if f.Root, err = f.structure(); err != nil {
		return nil, perk.E(perk.ECorrupt, op, err).WithHint("the file is damaged; fetch it again")
	}
	return f, nil
}

// structure runs the pickle.
func (f *File) structure() (any, error) {
	at, n, err := f.member("data.pkl")
	if err != nil {
		return nil, err
	}
	if n > maxPickle {
		return nil, fmt.Errorf("data.pkl has %d bytes, at most %d are read", n, maxPickle)
	}
	code := make([]byte, n)
	if _, err := f.r.ReadAt(code, at); err != nil && n > 0 {
		return nil, err
	}
	return unpickle(code)
}

// member gives the place and the bytes of a member, which is stored as it is.
func (f *File) member(name string) (at, n int64, err error) {
	m := f.members[f.prefix+name]
	if m == nil {
		return 0, 0, fmt.Errorf("the archive has no %s", name)
	}
	if m.Method != zip.Store || m.CompressedSize64 != m.UncompressedSize64 || m.CompressedSize64 > 1<<62 {
		return 0, 0, fmt.Errorf("%s is compressed", name)
	}
	at, err = m.DataOffset()
	n = int64(m.CompressedSize64)
	if err == nil && n > 0 { // the directory may say anything; so nothing is allocated for what is not there
		_, err = f.r.ReadAt(make([]byte, 1), at+n-1)
	}
	return at, n, err
}

// Floats reads a tensor, widening F16 and BF16. Errors: EInvalid (another type, or elements that do not lie in order), ECorrupt.
func (f *File) Floats(t *Tensor) ([]float32, error) {
	width := map[string]int64{"F32": 4, "F16": 2, "BF16": 2}[t.DType]
	if width == 0 || !t.dense {
		return nil, perk.Errorf(perk.EInvalid, op, "a tensor of shape %v has type %q, or its elements do not lie in order", t.Shape, t.DType).
			WithHint("save it as contiguous float32, float16 or bfloat16")
	}
	at, n, err := f.member("data/" + t.key)
	if err == nil && n/width < t.elements {
		err = errors.New("a tensor's memory is cut off")
	}
	if err != nil {
		return nil, perk.E(perk.ECorrupt, op, err).WithHint("the file is damaged; fetch it again")
	}
	count := int64(1)
	for _, d := range t.Shape {
		count *= int64(d)
	}
	out := make([]float32, count)
	piece := make([]byte, min(count, pieceElements)*width)
	for i := int64(0); i < count; i += pieceElements {
		part := out[i:min(i+pieceElements, count)]
		b := piece[:int64(len(part))*width]
		if _, err := f.r.ReadAt(b, at+(t.offset+i)*width); err != nil {
			return nil, perk.E(perk.ECorrupt, op, err)
		}
		safetensors.Widen(t.DType, part, b)
	}
	return out, nil
}
