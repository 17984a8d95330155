package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxHeader bounds everything before the tensors' data; with the vocabularies of real files it stays below 40 MB.
const maxHeader = 256 << 20

// input reads the front of a file in order. After an error everything reads as zero, and err is the first one.
type input struct {
	r    *bufio.Reader
	at   uint64
	left uint64 // bytes that may still be read
	err  error
}

func newInput(r io.ReaderAt, size int64) *input {
	n := min(size, maxHeader)
	return &input{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, n), 1<<16), left: uint64(n)}
}

func (in *input) fail(format string, args ...any) {
	if in.err == nil {
		in.err = fmt.Errorf(format, args...)
	}
}

// has holds a count of things of some least size to the bytes that are left.
func (in *input) has(count, each uint64, what string) bool {
	if in.err == nil && count > in.left/each {
		in.fail("%d %s at byte %d do not fit the %d bytes that are left", count, what, in.at, in.left)
	}
	return in.err == nil
}

// fill reads len(b) bytes.
func (in *input) fill(b []byte, what string) {
	if !in.has(uint64(len(b)), 1, "bytes of "+what) {
		return
	}
	if _, err := io.ReadFull(in.r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		in.fail("read %s at byte %d: %w", what, in.at, err)
		clear(b)
		return
	}
	in.at, in.left = in.at+uint64(len(b)), in.left-uint64(len(b))
}

func (in *input) uint32(what string) uint32 {
	var b [4]byte
	in.fill(b[:], what)
	return binary.LittleEndian.Uint32(b[:])
}

func (in *input) uint64(what string) uint64 {
	var b [8]byte
	in.fill(b[:], what)
	return binary.LittleEndian.Uint64(b[:])
}

func (in *input) string(what string, most uint64) string {
	n := in.uint64("length of " + what)
	if n > most {
		in.fail("%s has %d bytes, at most %d are allowed", what, n, most)
	}
	if !in.has(n, 1, "bytes of "+what) {
		return ""
	}
	b := make([]byte, n)
	in.fill(b, what)
	return string(b)
}

// value reads a value of a type; depth is that of the array it lies in.
func (in *input) value(t uint32, depth int) any {
	switch t {
	case typeArray:
		return in.array(depth + 1)
	case typeString:
		return in.string("a string", maxHeader)
	case typeUint8:
		return one[uint8](in)
	case typeInt8:
		return one[int8](in)
	case typeUint16:
		return one[uint16](in)
	case typeInt16:
		return one[int16](in)
	case typeUint32:
		return one[uint32](in)
	case typeInt32:
		return one[int32](in)
	case typeUint64:
		return one[uint64](in)
	case typeInt64:
		return one[int64](in)
	case typeFloat32:
		return one[float32](in)
	case typeFloat64:
		return one[float64](in)
	case typeBool:
		v := one[uint8](in)
		if v > 1 {
			in.fail("a bool at byte %d is %d", in.at-1, v)
		}
		return v == 1
	}
	in.fail("value type %d at byte %d is not known", t, in.at)
	return nil
}

// array reads the elements' type, their number, and them.
func (in *input) array(depth int) any {
	t, n := in.uint32("type of an array"), in.uint64("length of an array")
	each, known := valueBytes(t)
	if !known || depth > maxNesting {
		in.fail("an array at byte %d has element type %d at depth %d", in.at, t, depth)
		return nil
	}
	if !in.has(n, each, "values of an array") {
		return nil
	}
	switch t {
	case typeUint8:
		return many[uint8](in, n)
	case typeInt8:
		return many[int8](in, n)
	case typeUint16:
		return many[uint16](in, n)
	case typeInt16:
		return many[int16](in, n)
	case typeUint32:
		return many[uint32](in, n)
	case typeInt32:
		return many[int32](in, n)
	case typeUint64:
		return many[uint64](in, n)
	case typeInt64:
		return many[int64](in, n)
	case typeFloat32:
		return many[float32](in, n)
	case typeFloat64:
		return many[float64](in, n)
	case typeString:
		return eachOf(in, n, func() string { return in.string("a string", maxHeader) })
	case typeBool:
		return eachOf(in, n, func() bool { return in.value(typeBool, depth).(bool) })
	}
	return eachOf(in, n, func() any { return in.array(depth + 1) })
}

type number interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

func one[T number](in *input) T { return many[T](in, 1)[0] }

// many reads n numbers, whose number was held to the bytes left unless it is one.
func many[T number](in *input, n uint64) []T {
	out := make([]T, n)
	b := make([]byte, n*uint64(binary.Size(T(0))))
	in.fill(b, "numbers")
	if _, err := binary.Decode(b, binary.LittleEndian, out); err != nil {
		in.fail("decode numbers: %w", err)
	}
	return out
}

// eachOf reads n values one by one, and none after an error.
func eachOf[T any](in *input, n uint64, read func() T) []T {
	out := make([]T, 0, n)
	for range n {
		if in.err != nil {
			return nil
		}
		out = append(out, read())
	}
	return out
}
