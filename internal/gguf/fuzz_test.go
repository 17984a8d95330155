package gguf_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/fuzztest"
	"github.com/perkdb/perk/internal/gguf"
)

// FuzzOpen: a file is refused, or all of it can be read, within memory; its metadata survive being written again.
func FuzzOpen(f *testing.F) {
	f.Add(write(f, everyValue(), gguf.Tensor{Name: "t", Shape: []int{2, 2}, Data: make([]float32, 4)}, gguf.Tensor{Name: "h", Type: gguf.F16, Shape: []int{3}, Data: make([]float32, 3)}))
	f.Add(write(f, vocabulary(), gguf.Tensor{Name: "q", Type: gguf.Q8_0, Shape: []int{32}, Data: make([]float32, 32)}))
	f.Add(write(f, spaces()))
	for _, k := range formats() {
		f.Add(raw(k.kind, k.elements, make([]byte, k.bytes)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		defer fuzztest.Bound(t, len(b))()
		in, err := gguf.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if c := perk.ErrorCode(err); c != perk.ECorrupt && c != perk.EInvalid {
				t.Fatalf("%v has code %s", err, c)
			}
			return
		}
		for _, e := range in.Entries {
			if _, err := in.Floats(e); err != nil {
				t.Fatal(err)
			}
		}
		if tok, err := gguf.Tokenizer(in.Metadata); err == nil {
			tok.Decode(tok.Encode("ab 1"))
		}
		var out bytes.Buffer
		if err := gguf.Write(&out, in.Metadata, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in.Metadata, open(t, out.Bytes()).Metadata, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
