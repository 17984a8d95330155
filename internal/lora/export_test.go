package lora_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/perkdb/perk"
	"github.com/perkdb/perk/internal/lora"
	"github.com/perkdb/perk/internal/safetensors"
)

func TestMarshalWhole(t *testing.T) {
	a := example(5)
	b, err := a.MarshalWhole()
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.All(), f.Tensors); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{"perk.format": "lora-1", "perk.scale": "0.5", "perk.norm_a": `["layers.1.mlp.down"]`}
	if diff := cmp.Diff(want, f.Metadata); diff != "" {
		t.Error(diff)
	}
}

// TestMarshalPEFT applies what it reads back as PEFT does: y += lora_alpha / r * B (A x), with the patterns' values where they name the module.
func TestMarshalPEFT(t *testing.T) {
	a := example(5)
	weights, config, err := a.MarshalPEFT("nano")
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(weights)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		PEFTType     string             `json:"peft_type"`
		Base         string             `json:"base_model_name_or_path"`
		R            int                `json:"r"`
		Alpha        float64            `json:"lora_alpha"`
		RSLoRA       bool               `json:"use_rslora"`
		Targets      []string           `json:"target_modules"`
		RankPattern  map[string]int     `json:"rank_pattern"`
		AlphaPattern map[string]float64 `json:"alpha_pattern"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		t.Fatal(err)
	}
	if c.PEFTType != "LORA" || c.Base != "nano" || c.RSLoRA || len(f.Tensors) != 4 {
		t.Errorf("%+v, %d tensors", c, len(f.Tensors))
	}
	if diff := cmp.Diff([]string{"layers.0.attn.q", "layers.1.mlp.down"}, c.Targets); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range c.Targets {
		r, alpha, p := c.R, c.Alpha, a.Pairs[name]
		if n, ok := c.RankPattern[name]; ok {
			r, alpha = n, c.AlphaPattern[name]
		}
		got := &lora.Pair{In: p.In, Out: p.Out, Rank: r}
		for suffix, into := range map[string]*[]float32{"lora_A": &got.A, "lora_B": &got.B} {
			tensor, ok := f.Tensor("base_model.model." + name + "." + suffix + ".weight")
			if !ok {
				t.Fatalf("%s of %s is missing", suffix, name)
			}
			*into = tensor.Data
		}
		x, y, want := make([]float64, p.In), make([]float64, p.Out), make([]float64, p.Out)
		for i := range x {
			x[i] = float64(i) - 1.5
		}
		apply(got, alpha/float64(r), x, y)
		apply(p, float64(a.Scale), x, want)
		for i := range y {
			if math.Abs(y[i]-want[i]) > 1e-12 {
				t.Errorf("%s: output %d is %v, want %v", name, i, y[i], want[i])
			}
		}
	}
	if diff := cmp.Diff([]string{"layers.1.mlp.down"}, a.Normalised()); diff != "" {
		t.Error(diff)
	}
}

// apply adds scale * B (A x) to y, without normalisation.
func apply(p *lora.Pair, scale float64, x, y []float64) {
	for k := range p.Rank {
		h := 0.0
		for i, v := range x {
			h += float64(p.A[k*p.In+i]) * v
		}
		for o := range y {
			y[o] += scale * float64(p.B[o*p.Rank+k]) * h
		}
	}
}

func TestExportsRefuse(t *testing.T) {
	nan, half := example(1), example(1).Zeros()
	nan.Pairs["layers.1.mlp.down"].A[0] = float32(math.NaN()) // does not train
	for name, a := range map[string]*lora.Adapter{"nan": nan, "delta": half} {
		if _, err := a.MarshalWhole(); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", name, err)
		}
		if _, _, err := a.MarshalPEFT("nano"); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", name, err)
		}
	}
	if _, _, err := (&lora.Adapter{Scale: 1}).MarshalPEFT("nano"); perk.ErrorCode(err) != perk.EInvalid {
		t.Errorf("no pairs: error %v, want EInvalid", err)
	}
}
