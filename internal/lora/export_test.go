package lora_test

import (
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

func TestExportsRefuse(t *testing.T) {
	nan, half := example(1), example(1).Zeros()
	nan.Pairs["layers.1.mlp.down"].A[0] = float32(math.NaN()) // does not train
	for name, a := range map[string]*lora.Adapter{"nan": nan, "delta": half} {
		if _, err := a.MarshalWhole(); perk.ErrorCode(err) != perk.EInvalid {
			t.Errorf("%s: error %v, want EInvalid", name, err)
		}
	}
}
