package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perkdb/perk"
)

const op = "safetensors"

// Read decodes a whole file held in memory. The result shares nothing with b. Errors: ECorrupt.
func Read(b []byte) (*File, error) { return ReadAt(bytes.NewReader(b), int64(len(b))) }

// ReadAt decodes a file of the given size in bytes, reading one tensor at a time. Errors: ECorrupt, also for
// failed reads and for types other than F32, F16, BF16 and U8.
func ReadAt(r io.ReaderAt, size int64) (*File, error) {
	in, err := Open(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{Metadata: in.Metadata}
	for _, e := range in.Entries {
		t := Tensor{Name: e.Name, Shape: e.Shape}
		if e.DType == "U8" {
			t.Bytes = make([]byte, e.end-e.begin)
			err = in.read(t.Bytes, e, 0)
		} else {
			t.Data, err = in.Floats(e)
		}
		if err != nil {
			return nil, corrupt(err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	return f, nil
}

func corrupt(err error) error {
	if perk.ErrorCode(err) == perk.ECorrupt {
		return err
	}
	return perk.E(perk.ECorrupt, op, err).WithHint("the file is damaged or no safetensors file; fetch or make it again")
}

type namedEntry struct {
	name string
	entry
}

// parseHeader reads the JSON object by tokens, because encoding/json would let a repeated name pass in silence.
func parseHeader(header []byte) (map[string]string, []namedEntry, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, fmt.Errorf("header is no JSON object (%v)", err)
	}
	var meta map[string]string
	var entries []namedEntry
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("parse header: %w", err)
		}
		name := t.(string) // object keys are always strings
		if seen[name] {
			return nil, nil, fmt.Errorf("header names %q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("parse metadata: %w", err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, nil, fmt.Errorf("parse tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("parse header: %w", err)
	}
	if rest := bytes.TrimSpace(header[dec.InputOffset():]); len(rest) > 0 {
		return nil, nil, fmt.Errorf("header goes on after its JSON object")
	}
	return meta, entries, nil
}

// checkLayout holds every entry to its type, shape and place, and sorts entries by place.
func checkLayout(entries []namedEntry, dataSize int64) error {
	slices.SortFunc(entries, func(a, b namedEntry) int {
		if a.Offsets != b.Offsets {
			return slices.Compare(a.Offsets[:], b.Offsets[:])
		}
		return strings.Compare(a.name, b.name)
	})
	end := int64(0)
	for _, e := range entries {
		size, known := width(e.DType)
		if !known {
			return fmt.Errorf("tensor %q has type %q, which the format does not know", e.name, e.DType)
		}
		n, ok := elements(e.Shape)
		begin, stop := e.Offsets[0], e.Offsets[1]
		switch {
		case !ok:
			return fmt.Errorf("tensor %q has an impossible shape %v", e.name, e.Shape)
		case begin != end || stop < begin || stop > dataSize:
			return fmt.Errorf("tensor %q lies at bytes %d to %d of %d, want it to begin at %d", e.name, begin, stop, dataSize, end)
		case stop-begin != size*n:
			return fmt.Errorf("tensor %q of shape %v has %d bytes, want %d", e.name, e.Shape, stop-begin, size*n)
		}
		end = stop
	}
	if end != dataSize {
		return fmt.Errorf("tensors end at byte %d of %d", end, dataSize)
	}
	return nil
}
