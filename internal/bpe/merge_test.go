package bpe_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/bpe"
)

// slowMerge merges by the definition: find the earliest learned pair, merge its leftmost occurrence, begin again.
func slowMerge(v bpe.Vocabulary, text string) []int32 {
	var parts []string
	for i := range len(text) {
		parts = append(parts, text[i:i+1])
	}
	for {
		rank, at := len(v.Merges), 0
		for i := range len(parts) - 1 {
			if r := slices.Index(v.Merges, [2]string{parts[i], parts[i+1]}); r >= 0 && r < rank {
				rank, at = r, i
			}
		}
		if rank == len(v.Merges) {
			break
		}
		parts = slices.Replace(parts, at, at+2, parts[at]+parts[at+1])
	}
	out := make([]int32, len(parts))
	for i, p := range parts {
		out[i] = int32(slices.Index(v.Tokens, p))
	}
	return out
}

func TestMergeIsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		v := smallVocabulary(bpe.GPT2)
		v.Tokens, v.Merges, v.Added = v.Tokens[:256], nil, nil
		parts := []string{"a", "b", "c"}
		for range 20 { // merges in no order of length, so that a late one can make what an early one needs
			m := [2]string{parts[r.IntN(len(parts))], parts[r.IntN(len(parts))]}
			if whole := m[0] + m[1]; len(whole) < 9 && !slices.Contains(v.Merges, m) {
				v.Merges = append(v.Merges, m)
				if !slices.Contains(parts, whole) {
					parts, v.Tokens = append(parts, whole), append(v.Tokens, whole)
				}
			}
		}
		r.Shuffle(len(v.Merges), func(i, j int) { v.Merges[i], v.Merges[j] = v.Merges[j], v.Merges[i] })
		tok, err := bpe.New(v)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			b := make([]byte, 1+r.IntN(100))
			for i := range b {
				b[i] = "aaabbc"[r.IntN(6)]
			}
			if diff := cmp.Diff(slowMerge(v, string(b)), tok.Encode(string(b))); diff != "" {
				t.Fatalf("%s with %v: %s", b, v.Merges, diff)
			}
		}
	}
}

func TestMissingBytesAreDropped(t *testing.T) {
	v := smallVocabulary(bpe.GPT2)
	v.Tokens[0] = "" // byte 0
	tok, err := bpe.New(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Decode(tok.Encode("\x00a\x00\x00!")); got != "a!" {
		t.Errorf("got %q", got)
	}
}

func TestWholePiecesNeedNoMerges(t *testing.T) {
	v := smallVocabulary(bpe.Llama3)
	v.Tokens = append(v.Tokens, "cab")
	for whole, want := range map[bool][]int32{false: {'c', 256}, true: {260}} {
		v.Whole = whole
		tok, err := bpe.New(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tok.Encode("cab")); diff != "" {
			t.Errorf("%t: %s", whole, diff)
		}
	}
}

// TestSmallFilesTakeLittleMemory gives the largest id there may be to a token of a small file.
func TestSmallFilesTakeLittleMemory(t *testing.T) {
	const file = `{"version":"1.0","pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"decoder":{"type":"ByteLevel"},"added_tokens":[{"id":%d,"content":"<x>"}],"model":{"type":"BPE","vocab":{"a":%d},"merges":[]}}`
	for _, c := range []struct {
		id   int
		want perk.Code
	}{{1<<20 - 2, ""}, {1<<31 - 2, perk.EInvalid}} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := bpe.Parse(fmt.Appendf(nil, file, c.id+1, c.id))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; perk.ErrorCode(err) != c.want || n > 64<<20 {
			t.Errorf("id %d: %v with %d bytes allocated", c.id, err, n)
		}
	}
}
