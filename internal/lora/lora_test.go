package lora_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

// example adapts two modules; of the upper one only B trains.
func example(seed uint64) *lora.Adapter {
	rng := rand.New(rand.NewPCG(seed, 0))
	a := &lora.Adapter{Scale: 0.5, Pairs: map[string]*lora.Pair{
		"layers.1.mlp.down": lora.NewPair(6, 4, 3),
		"layers.0.attn.q":   lora.NewPair(4, 4, 2),
	}}
	a.Pairs["layers.1.mlp.down"].TrainA = false
	a.Pairs["layers.1.mlp.down"].NormA = true
	for _, t := range a.All() {
		for i := range t.Data {
			t.Data[i] = float32(rng.NormFloat64())
		}
	}
	return a
}

func names(ts []safetensors.Tensor) (out []string) {
	for _, t := range ts {
		out = append(out, t.Name)
	}
	return out
}

func TestTensorsAreListedInOrder(t *testing.T) {
	a := example(1)
	if diff := cmp.Diff([]string{"layers.0.attn.q.lora_A.weight", "layers.0.attn.q.lora_B.weight", "layers.1.mlp.down.lora_B.weight"}, names(a.Trained())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"layers.0.attn.q", "layers.1.mlp.down"}, a.Names()); diff != "" {
		t.Error(diff)
	}
	if n := len(a.All()); n != 4 {
		t.Errorf("All lists %d tensors, want 4", n)
	}
	if n := (*lora.Adapter)(nil).Names(); n != nil {
		t.Errorf("no adapter has names %v", n)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	a := example(1)
	c := a.Clone()
	if diff := cmp.Diff(a, c); diff != "" {
		t.Fatal(diff)
	}
	for _, x := range c.All() {
		x.Data[0]++
	}
	c.Pairs["layers.0.attn.q"].Rank++
	if diff := cmp.Diff(example(1), a); diff != "" {
		t.Error(diff)
	}
}

func TestZerosHoldsWhatTrains(t *testing.T) {
	z := example(1).Zeros()
	if p := z.Pairs["layers.1.mlp.down"]; p.A != nil || len(p.B) != 12 || !p.NormA {
		t.Errorf("holder is %+v", p)
	}
	z.Pairs["layers.0.attn.q"].A[3] = 1
	z.Clear()
	for _, x := range z.Trained() {
		for _, v := range x.Data {
			if v != 0 {
				t.Fatalf("%s holds %v", x.Name, v)
			}
		}
	}
}

func TestDeltaAndBack(t *testing.T) {
	init, a := example(1), example(2)
	copy(a.Pairs["layers.1.mlp.down"].A, init.Pairs["layers.1.mlp.down"].A) // does not train
	d, err := a.Delta(init)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.Pairs["layers.0.attn.q"].B[1], a.Pairs["layers.0.attn.q"].B[1]-init.Pairs["layers.0.attn.q"].B[1]; got != want {
		t.Errorf("delta is %v, want %v", got, want)
	}
	if err := d.Onto(init); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(example(1), init); diff != "" {
		t.Errorf("the initial adapter changed:\n%s", diff)
	}
	near := cmp.Comparer(func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-6 })
	if diff := cmp.Diff(a, d, near); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTripIsExact(t *testing.T) {
	d := example(3).Zeros()
	rng := rand.New(rand.NewPCG(9, 9))
	for _, x := range d.Trained() {
		for i := range x.Data {
			x.Data[i] = float32(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(60)-30)))
		}
	}
	b, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	got, err := lora.Unmarshal(b, example(1))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Error(diff)
	}
	again, err := got.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, again) {
		t.Error("equal adapters give different bytes")
	}
}

func TestMismatchesAreNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*lora.Adapter)
		text   string
	}{
		"module": {func(a *lora.Adapter) { delete(a.Pairs, "layers.0.attn.q") }, "layers.0.attn.q"},
		"more":   {func(a *lora.Adapter) { a.Pairs["layers.0.attn.k"] = lora.NewPair(4, 4, 2) }, "layers.0.attn.k"},
		"rank":   {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"] = lora.NewPair(4, 4, 5) }, "rank 5"},
		"flags":  {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].TrainB = false }, "trains A true, B false"},
		"full":   {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].Full = true }, "whole matrix"},
		"norm":   {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].NormA = true }, "norm true"},
		"scale":  {func(a *lora.Adapter) { a.Scale = 2 }, "scales differ"},
		"nan":    {func(a *lora.Adapter) { a.Scale = float32(math.NaN()) }, "scale is NaN"},
		"tensor": {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].B = nil }, "B has 0 elements"},
		"size":   {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].In = -1 }, "in -1"},
		"nil":    {func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"] = nil }, "is nil"},
	} {
		a, b := example(1), example(1)
		tc.change(b)
		_, err1 := a.Delta(b)
		for _, err := range []error{err1, a.Onto(b)} {
			if perk.ErrorCode(err) != perk.EInvalid || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%s: error %v, want EInvalid with %q", name, err, tc.text)
			}
		}
		if diff := cmp.Diff(example(1), a); diff != "" {
			t.Errorf("%s: a refused delta changed the adapter", name)
		}
	}
}

func TestUnmarshalRefusesOtherFiles(t *testing.T) {
	good, err := example(1).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	tensors := example(1).Trained()
	plain, err := safetensors.Marshal(nil, tensors)
	if err != nil {
		t.Fatal(err)
	}
	tensors[0].Data[1] = float32(math.Inf(1))
	infinite, err := safetensors.Marshal(map[string]string{"perk.format": "lora-delta-1"}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	tensors[0].Data, tensors[0].Bytes = nil, make([]byte, len(tensors[0].Data))
	ofBytes, err := safetensors.Marshal(map[string]string{"perk.format": "lora-delta-1"}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*lora.Adapter)) *lora.Adapter {
		a := example(1)
		f(a)
		return a
	}
	for name, tc := range map[string]struct {
		b    []byte
		like *lora.Adapter
		code perk.Code
		text string
	}{
		"truncated":  {good[:len(good)-1], example(1), perk.ECorrupt, "lies at bytes"},
		"infinite":   {infinite, example(1), perk.ECorrupt, "is +Inf"},
		"bytes":      {ofBytes, example(1), perk.EInvalid, "want [2 4] of float32"},
		"format":     {plain, example(1), perk.EInvalid, "format is"},
		"more":       {good, change(func(a *lora.Adapter) { delete(a.Pairs, "layers.0.attn.q") }), perk.EInvalid, "holds 3 tensors, want 1"},
		"fewer":      {good, change(func(a *lora.Adapter) { a.Pairs["layers.1.mlp.down"].TrainA = true }), perk.EInvalid, "layers.1.mlp.down.lora_A.weight"},
		"other rank": {good, change(func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"].Rank = 4 }), perk.EInvalid, "has shape [2 4], want [4 4]"},
	} {
		_, err := lora.Unmarshal(tc.b, tc.like)
		if perk.ErrorCode(err) != tc.code || !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: error %v, want %s with %q", name, err, tc.code, tc.text)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	good, err := example(1).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-5])
	for _, bits := range []int{8, 5, 4, 2, 1} {
		f.Add(pack(f, example(1), bits))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := lora.Unmarshal(b, example(1))
		if err != nil {
			if c := perk.ErrorCode(err); c != perk.ECorrupt && c != perk.EInvalid {
				t.Fatalf("error %v has code %s", err, c)
			}
			return
		}
		if err := a.Matches(example(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Pack(2, nil); err != nil { // every element is finite
			t.Fatal(err)
		}
	})
}
