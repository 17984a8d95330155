package reasoner

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
)

func draws(o perk.DecodeOptions, logits []float32, n int) []int32 {
	s, t := newSampler(o), newScratch(len(logits))
	var out []int32
	for range n {
		token, _ := s.pick(logits, t)
		out = append(out, token)
	}
	return out
}

func TestSampler(t *testing.T) {
	logits := []float32{1, 3, 3, 2, -1} // p = .056 .409 .409 .150 .008
	if got := draws(perk.DecodeOptions{}, logits, 1); got[0] != 1 {
		t.Errorf("greedy picked %d, want the smaller id of the two best", got[0])
	}
	greedy := newSampler(perk.DecodeOptions{})
	_, p := greedy.pick(logits, newScratch(5))
	want := math.Exp(3) / (math.Exp(1) + 2*math.Exp(3) + math.Exp(2) + math.Exp(-1))
	if math.Abs(p-want) > 1e-6 {
		t.Errorf("probability %v, want %v", p, want)
	}
	a := draws(perk.DecodeOptions{Temperature: 1, Seed: 7}, logits, 50)
	if d := cmp.Diff(a, draws(perk.DecodeOptions{Temperature: 1, Seed: 7}, logits, 50)); d != "" {
		t.Errorf("one seed, two results:\n%s", d)
	}
	if slices.Equal(a, draws(perk.DecodeOptions{Temperature: 1, Seed: 8}, logits, 50)) {
		t.Error("two seeds, one result")
	}
	for name, c := range map[string]struct {
		o    perk.DecodeOptions
		want []int32 // tokens that may occur; with 500 draws each does
	}{
		"all":         {perk.DecodeOptions{Temperature: 1}, []int32{0, 1, 2, 3, 4}},
		"top 1":       {perk.DecodeOptions{Temperature: 1, TopK: 1}, []int32{1}},
		"top 3":       {perk.DecodeOptions{Temperature: 1, TopK: 3}, []int32{1, 2, 3}},
		"tiny p":      {perk.DecodeOptions{Temperature: 1, TopP: 1e-9}, []int32{1}},
		"p .9":        {perk.DecodeOptions{Temperature: 1, TopP: .9}, []int32{1, 2, 3}},
		"k and p":     {perk.DecodeOptions{Temperature: 1, TopK: 3, TopP: .6}, []int32{1, 2}},
		"cold":        {perk.DecodeOptions{Temperature: .01}, []int32{1, 2}},
		"k too large": {perk.DecodeOptions{Temperature: 1, TopK: 99}, []int32{0, 1, 2, 3, 4}},
	} {
		got := draws(c.o, logits, 500)
		slices.Sort(got)
		if d := cmp.Diff(c.want, slices.Compact(got)); d != "" {
			t.Errorf("%s: tokens drawn (-want +got):\n%s", name, d)
		}
	}
}

// What is picked in the place of a mark keeps the probability that it had beside the mark.
func TestSamplerPicksAnother(t *testing.T) {
	logits := []float32{1, 4, 3, 2, -1}
	s, scratch := newSampler(perk.DecodeOptions{}), newScratch(5)
	_, _ = s.pick(logits, scratch)
	want := float64(scratch.p[2])
	token, p := s.pick(logits, scratch)
	token, p = s.other(decoded{token: token, probability: p}, logits, scratch)
	if token != 2 || math.Abs(p-want) > 1e-6 {
		t.Errorf("token %d with probability %v, want 2 with %v", token, p, want)
	}
}

func TestCacheBound(t *testing.T) {
	c := newCache(10)
	add := func(uuid string, bytes int64, digest byte) perk.AdapterKey {
		k := perk.AdapterKey{Document: perk.DocumentID{UUID: uuid}}
		c.put(&loaded{info: perk.AdapterInfo{Key: k, Digest: perk.Hash{digest}}, bytes: bytes})
		if c.bytes > c.limit || c.order.Len() != len(c.byKey) {
			t.Fatalf("after %s: %d bytes, limit %d, %d in order, %d by key", uuid, c.bytes, c.limit, c.order.Len(), len(c.byKey))
		}
		return k
	}
	has := func(k perk.AdapterKey, digest byte) bool { return c.get(k, perk.Hash{digest}) != nil }
	a, b := add("a", 4, 1), add("b", 4, 1)
	if !has(a, 1) || !has(b, 1) {
		t.Fatal("two that fit are not both kept")
	}
	has(a, 1) // a was used after b
	d := add("d", 4, 1)
	if !has(a, 1) || has(b, 1) || !has(d, 1) {
		t.Error("the one used longest ago had to go")
	}
	if big := add("big", 11, 1); has(big, 1) || !has(a, 1) || !has(d, 1) {
		t.Error("one larger than the cache must not be kept nor push others out")
	}
	add("a", 2, 2)
	if c.bytes != 6 || !has(a, 2) {
		t.Errorf("a replaced: %d bytes, want 6", c.bytes)
	}
	if has(a, 1) || has(a, 2) {
		t.Error("an adapter whose digest is not the store's must be dropped")
	}
	c.drop(d)
	if c.bytes != 0 {
		t.Errorf("%d bytes in an empty cache", c.bytes)
	}
}
