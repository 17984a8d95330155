package interchange_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/fuzztest"
	"github.com/perkdb/perk/internal/interchange"
	"github.com/perkdb/perk/internal/lm"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/recipe/recipetest"
)

// TestOrders: adapters of a Llama whose rotated elements are neighbours, as in llama.cpp, are the same for others as those of its twin in Transformers' order.
func TestOrders(t *testing.T) {
	half := base(t, lm.ArchLlama)
	near := half.Config()
	near.RopeHalf = false
	a := ours(t, half)
	weights, config, err := interchange.MarshalPEFT(a, half.Config(), "tiny")
	if err != nil {
		t.Fatal(err)
	}
	b, err := interchange.ParsePEFT(near, half.Linears(), config, weights)
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(a, b) {
		t.Error("nothing was put in order")
	}
	again, _, err := interchange.MarshalPEFT(b, near, "tiny")
	if err != nil || !bytes.Equal(again, weights) {
		t.Errorf("PEFT's order is not that of before (%v)", err)
	}
	var of, twin bytes.Buffer
	if err := interchange.WriteGGUF(&of, a, half.Config(), "tiny"); err != nil {
		t.Fatal(err)
	}
	if err := interchange.WriteGGUF(&twin, b, near, "tiny"); err != nil || !bytes.Equal(of.Bytes(), twin.Bytes()) {
		t.Errorf("llama.cpp's order is not the same (%v)", err)
	}
}

func TestOutRefuses(t *testing.T) {
	nano := recipetest.Model(t, 1)
	llama := base(t, lm.ArchLlama)
	norm, part := ours(t, llama), ours(t, llama)
	norm.Pairs["layers.1.mlp.down"].NormA = true
	part.Pairs["layers.1.mlp.down"].B = nil
	for name, c := range map[string]struct {
		a *lora.Adapter
		m *lm.Model
	}{"nano": {ours(t, nano), nano}, "norm_a": {norm, llama}, "a tensor is missing": {part, llama}, "no pairs": {&lora.Adapter{Scale: 1}, llama}} {
		if _, _, err := interchange.MarshalPEFT(c.a, c.m.Config(), ""); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: PEFT: %v, want EInvalid", name, err)
		}
		if err := interchange.WriteGGUF(&bytes.Buffer{}, c.a, c.m.Config(), ""); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: GGUF: %v, want EInvalid", name, err)
		}
	}
}

func TestPEFTInRefuses(t *testing.T) {
	m := base(t, lm.ArchQwen2)
	var plain map[string]any
	if err := json.Unmarshal(file(t, lm.ArchQwen2, "theirs", interchange.PEFTConfig), &plain); err != nil {
		t.Fatal(err)
	}
	weights := file(t, lm.ArchQwen2, "theirs", interchange.PEFTWeights)
	parse := func(m *lm.Model, set map[string]any, weights []byte) error {
		c := maps.Clone(plain)
		maps.Copy(c, set)
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = interchange.ParsePEFT(m.Config(), m.Linears(), raw, weights)
		return err
	}
	if err := parse(m, map[string]any{"init_lora_weights": "gaussian", "modules_to_save": []string{}}, weights); err != nil {
		t.Error(err)
	}
	for field, value := range map[string]any{
		"peft_type": "IA3", "bias": "all", "lora_bias": true, "use_dora": true, "modules_to_save": []string{"lm_head"}, "init_lora_weights": "pissa", "layer_replication": [][]int{{0, 2}},
		"lora_alpha": 0, "alpha_pattern": map[string]float64{"up_proj": 1, "mlp.up_proj": 2}, "use_rslora": "yes",
	} {
		if err := parse(m, map[string]any{field: value}, weights); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s %v: %v, want EInvalid", field, value, err)
		}
	}
	if err := parse(m, map[string]any{"alpha_pattern": map[string]float64{"(": 1}}, weights); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("a bad pattern: %v, want EInvalid", err)
	}
	many := map[string]float64{}
	for i := range 40 {
		many[fmt.Sprintf("[%d]a{1000}", i)] = 1
	}
	for _, patterns := range []map[string]float64{many, {strings.Repeat("a*", 200): 1}} {
		if err := parse(m, map[string]any{"alpha_pattern": patterns}, weights); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("costly patterns: %v, want EInvalid", err)
		}
	}
	if err := parse(m, map[string]any{"alpha_pattern": map[string]float64{`layers\.[01]\.mlp\.up_proj`: 9}}, weights); err != nil {
		t.Error(err)
	}
	if err := parse(base(t, lm.ArchGPT2), nil, weights); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("another model's: %v, want EInvalid", err)
	}
	if err := parse(m, nil, weights[:len(weights)-1]); perk.ErrorCode(err) != perk.ECorrupt {
		t.Errorf("cut: %v, want ECorrupt", err)
	}
}

func TestFit(t *testing.T) {
	m := base(t, lm.ArchLlama)
	init := ours(t, m)
	for name, p := range init.Pairs {
		p.TrainA = name != "layers.0.mlp.up"
	}
	a := init.Clone()
	a.Scale = init.Scale * 2
	for _, p := range a.Pairs {
		p.TrainA = true
		for i := range p.B {
			p.B[i] /= 2
		}
	}
	got, err := interchange.Fit(a, init)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(init, got); diff != "" { // halves and doubles exactly
		t.Error(diff)
	}
	for name, change := range map[string]func(a *lora.Adapter){
		"fixed": func(a *lora.Adapter) { a.Pairs["layers.0.mlp.up"].A[0]++ },
		"fewer": func(a *lora.Adapter) { delete(a.Pairs, "layers.0.attn.q") },
		"other": func(a *lora.Adapter) { a.Pairs["layers.7.attn.q"] = a.Pairs["layers.0.attn.q"] },
		"rank":  func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"] = lora.NewPair(16, 16, 5) },
		"width": func(a *lora.Adapter) { a.Pairs["layers.0.attn.q"] = lora.NewPair(16, 8, 2) },
	} {
		b := a.Clone()
		change(b)
		if _, err := interchange.Fit(b, init); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: %v, want EInvalid", name, err)
		}
	}
}

// FuzzParsePEFT: no bytes make it panic, and what it takes is a whole adapter of the model.
func FuzzParsePEFT(f *testing.F) {
	m := base(f, lm.ArchGPT2)
	for _, whose := range []string{"theirs", "ours"} {
		f.Add(file(f, lm.ArchGPT2, whose, interchange.PEFTConfig), file(f, lm.ArchGPT2, whose, interchange.PEFTWeights))
	}
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		defer fuzztest.Bound(t, len(config)+len(weights))()
		a, err := interchange.ParsePEFT(m.Config(), m.Linears(), config, weights)
		if err != nil {
			if c := perk.ErrorCode(err); c != perk.EInvalid && c != perk.ECorrupt {
				t.Errorf("code %v of %v", c, err)
			}
			return
		}
		if _, _, err := interchange.MarshalPEFT(a, m.Config(), ""); err != nil {
			t.Error(err)
		}
	})
}
