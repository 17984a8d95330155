package encoder_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perkdb/perk"
	"github.com/perkdb/perk/encoder"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// story is a text of n sentences of different lengths.
func story(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Mary took the %s to room %d. ", []string{"football", "milk", "red apple", "key"}[i%4], i*i)
	}
	return b.String()
}

func document(text string) perk.Document {
	return perk.Document{ID: perk.DocumentID{Collection: "Story", UUID: "1"}, Text: text}
}

func newEncoder(t testing.TB, m *lm.Model, r *recipe.Recipe, o encoder.Options) *encoder.Encoder {
	t.Helper()
	e, err := encoder.New(m, recipetest.Tokenizer(t), r, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// forms are the usual forms of a recipe.
func forms(t testing.TB, m *lm.Model) map[string]*recipe.Recipe {
	ridge := recipetest.Fast(t, m)
	ridge.Rule = recipe.Rule{Name: recipe.Ridge, Lambda: 0.3}
	normalized := recipetest.Fast(t, m)
	normalized.Rule = recipe.Rule{Name: recipe.Normalized, Eps: 1e-6}
	return map[string]*recipe.Recipe{"fast": recipetest.Fast(t, m), "ridge": ridge, "normalized": normalized, "perk": recipetest.Perk(t, m)}
}

func TestEncode(t *testing.T) {
	m := recipetest.Model(t, 1)
	for name, r := range forms(t, m) {
		t.Run(name, func(t *testing.T) {
			e := newEncoder(t, m, r, encoder.Options{Threads: 2, GroupTokens: 300})
			d := document(story(20))
			var seen []perk.Progress
			a, s, err := e.EncodeStats(t.Context(), d, func(p perk.Progress) { seen = append(seen, p) })
			if err != nil {
				t.Fatal(err)
			}
			id, _ := r.ID()
			want := perk.AdapterInfo{Key: perk.AdapterKey{Document: d.ID, Model: r.Model, Recipe: id}, Content: perk.ContentHash(d.Text),
				Digest: sha256.Sum256(a.Payload), Bytes: int64(len(a.Payload)), Tokens: len(d.Text), Chunks: s.Chunks, Steps: r.Steps,
				Loss: a.Loss, Seconds: a.Seconds, Created: a.Created}
			if diff := cmp.Diff(want, a.AdapterInfo); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
			if len(a.Loss) != r.Steps || a.Created.IsZero() || a.Seconds <= 0 || s.FLOPs <= 0 || s.Groups < 2 {
				t.Errorf("loss %v, created %v, stats %+v", a.Loss, a.Created, s)
			}
			last := seen[len(seen)-1]
			if len(seen) != s.Groups*r.Steps || last.Done != last.Total || last.Total != s.Chunks*r.Steps || last.Step != r.Steps-1 || last.Loss != a.Loss[r.Steps-1] {
				t.Errorf("%d reports, last %+v, want one for each of %d groups in %d steps", len(seen), last, s.Groups, r.Steps)
			}
		})
	}
}

// TestWriteLowersLoss is the learning test: after the write, the base model with the adapter finds the document likelier.
func TestWriteLowersLoss(t *testing.T) {
	m := recipetest.Model(t, 1)
	for name, r := range forms(t, m) {
		t.Run(name, func(t *testing.T) {
			switch r.Rule.Name {
			case recipe.SGD:
				recipetest.SetRates(r, 3, 0.1)
			case recipe.Normalized:
				recipetest.SetRates(r, 3, 2)
			case recipe.Ridge:
				recipetest.SetRates(r, 3, 1)
			}
			a, err := newEncoder(t, m, r, encoder.Options{}).Encode(t.Context(), document(story(20)), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("loss before each step: %.3f", a.Loss)
			for i := 1; i < len(a.Loss); i++ {
				if a.Loss[i] > a.Loss[i-1]-0.05 {
					t.Errorf("step %d lowered the loss from %.3f to %.3f only, want at least 0.05", i, a.Loss[i-1], a.Loss[i])
				}
			}
		})
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	m := recipetest.Model(t, 1)
	for name, r := range forms(t, m) {
		t.Run(name, func(t *testing.T) {
			for _, precision := range []encoder.Precision{encoder.Float32, encoder.BFloat16} {
				var want []byte
				for _, o := range []encoder.Options{{Threads: 1}, {Threads: 2}, {Threads: 2, KeepBytes: 1}} {
					o.Precision = precision
					a, err := newEncoder(t, m, r, o).Encode(t.Context(), document(story(16)), nil)
					if err != nil {
						t.Fatal(err)
					}
					if want == nil {
						want = a.Payload
					}
					if !bytes.Equal(want, a.Payload) {
						t.Errorf("%+v: payload differs from that of one thread", o)
					}
				}
			}
		})
	}
}

// TestGroupsAddUp states the rounding of gradient accumulation: with 1, 2 and 4 groups the deltas differ by less than 1e-6 of their norm
// under one step of plain gradient, by less than 1e-5 under one of ridge, and by less than 1e-4 under four of AdamW, whose first step turns the smallest gradients into their signs.
func TestGroupsAddUp(t *testing.T) {
	m := recipetest.Model(t, 1)
	for name, r := range forms(t, m) {
		t.Run(name, func(t *testing.T) {
			bound := map[string]float64{recipe.SGD: 1e-6, recipe.Normalized: 1e-6, recipe.Ridge: 1e-5, recipe.AdamW: 1e-4}[r.Rule.Name]
			tok := recipetest.Tokenizer(t)
			c, err := encoder.Chunk(story(16), tok, r)
			if err != nil {
				t.Fatal(err)
			}
			var whole *lora.Adapter
			for _, groups := range []int{1, 2, 4} {
				perGroup := (c.Len() + groups - 1) / groups
				loop := encoder.Loop{Model: m, Recipe: r, Threads: 2, GroupTokens: perGroup * (r.ChunkTokens + 1), KeepBytes: 1 << 20}
				phi, tr, err := loop.Run(t.Context(), c, nil)
				if err != nil {
					t.Fatal(err)
				}
				if tr.Groups != groups {
					t.Fatalf("%d groups, want %d", tr.Groups, groups)
				}
				d, err := phi.Delta(r.Init)
				if err != nil {
					t.Fatal(err)
				}
				if whole == nil {
					whole = d
				}
				if e := distance(whole, d); e > bound {
					t.Errorf("%d groups: delta differs by %.2g of its norm, want at most %g", groups, e, bound)
				} else {
					t.Logf("%d groups: %.2g", groups, e)
				}
			}
		})
	}
}

// distance is |a - b| / |a| over all tensors.
func distance(a, b *lora.Adapter) float64 {
	var diff, norm float64
	tb := b.Trained()
	for i, t := range a.Trained() {
		for j, v := range t.Data {
			diff += math.Pow(float64(v-tb[i].Data[j]), 2)
			norm += float64(v) * float64(v)
		}
	}
	return math.Sqrt(diff / norm)
}

func TestNoSteps(t *testing.T) {
	m := recipetest.Model(t, 1)
	r := recipetest.Perk(t, m)
	recipetest.SetRates(r, 0, 0)
	a, err := newEncoder(t, m, r, encoder.Options{}).Encode(t.Context(), document(story(3)), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := lora.Unmarshal(a.Payload, r.Init)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range d.Trained() {
		for _, v := range x.Data {
			if v != 0 {
				t.Fatalf("%s changed without a step", x.Name)
			}
		}
	}
	if a.Loss != nil || a.Steps != 0 {
		t.Errorf("loss %v, steps %d", a.Loss, a.Steps)
	}
}

func TestCancellation(t *testing.T) {
	m := recipetest.Model(t, 1)
	e := newEncoder(t, m, recipetest.Perk(t, m), encoder.Options{GroupTokens: 100})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reports := 0
	_, err := e.Encode(ctx, document(story(12)), func(perk.Progress) {
		if reports++; reports == 3 {
			cancel()
		}
	})
	if perk.ErrorCode(err) != perk.ECanceled || !errors.Is(err, context.Canceled) || reports != 3 {
		t.Errorf("got %v after %d groups, want ECanceled after 3", err, reports)
	}
	if _, err := e.Encode(ctx, document("a"), nil); perk.ErrorCode(err) != perk.ECanceled {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestBadInput(t *testing.T) {
	m := recipetest.Model(t, 1)
	e := newEncoder(t, m, recipetest.Fast(t, m), encoder.Options{})
	for name, d := range map[string]perk.Document{
		"no id":       {Text: "a"},
		"empty":       document(""),
		"white space": document(" \n"),
		"not UTF-8":   document("a\xff"),
	} {
		if _, err := e.Encode(t.Context(), d, nil); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v, want EInvalid", name, err)
		}
	}
	if _, err := e.Encode(t.Context(), document("a"), nil); err != nil {
		t.Errorf("one token: %v", err)
	}
	if _, err := encoder.New(m, recipetest.Tokenizer(t), recipetest.Fast(t, m), encoder.Options{Precision: "float16"}); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("an unknown precision: %v", err)
	}
	if _, err := encoder.New(recipetest.Model(t, 2), recipetest.Tokenizer(t), recipetest.Fast(t, m), encoder.Options{}); perk.ErrorCode(err) != perk.EStale {
		t.Errorf("recipe of another model: %v, want EStale", err)
	}
	wild := recipetest.Fast(t, m)
	recipetest.SetRates(wild, 3, 3e38)
	if _, err := newEncoder(t, m, wild, encoder.Options{}).Encode(t.Context(), document(story(3)), nil); perk.ErrorCode(err) != perk.EInternal || !strings.Contains(err.Error(), "layers.1.mlp.down.lora_B.weight is not finite") {
		t.Errorf("rates that blow up: %v, want EInternal with a remedy", err)
	}
}

func TestLongText(t *testing.T) {
	if testing.Short() {
		t.Skip("a text of 2 MB takes some seconds")
	}
	m := recipetest.Model(t, 1)
	text := story(2 << 20 / 32)
	a, s, err := newEncoder(t, m, recipetest.Fast(t, m), encoder.Options{}).EncodeStats(t.Context(), document(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Tokens != len(text) || s.Groups < 100 {
		t.Errorf("%d tokens in %d groups, want %d tokens in many groups", a.Tokens, s.Groups, len(text))
	}
	t.Logf("%d tokens, %d chunks, %.1f s", s.Tokens, s.Chunks, s.Seconds)
}
